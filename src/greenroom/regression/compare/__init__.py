"""The same inputs said to several combinations of persona, model and policy, and what each made of them."""
