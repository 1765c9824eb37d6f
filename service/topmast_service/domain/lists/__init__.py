"""Lists of files that come from elsewhere: pasted names, scripts, manifests, the JSON of a subscription e-mail."""
