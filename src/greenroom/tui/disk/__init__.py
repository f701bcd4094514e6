"""What changed on disk under the open session: watched, named under the header, shown on a sheet."""
