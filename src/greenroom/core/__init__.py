"""The vocabulary every layer speaks: values, messages, events, signals, errors. No input or output happens here."""
