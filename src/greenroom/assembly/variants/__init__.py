"""One situation once more and other than it was: reruns, comparisons, bisections, and where their changes come from."""
