"""The site: pages for people, made on the server, of what the registry's calls give."""
