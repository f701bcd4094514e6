"""Policy files as people write them, and as a log keeps them."""
