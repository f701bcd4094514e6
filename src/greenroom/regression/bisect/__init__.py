"""Which of many versions changed a behaviour: the search, apart from what a version is and how it is judged."""
