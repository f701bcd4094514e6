"""A recorded session once more, life by life, with nothing outside."""
