"""`ownkey --demo`: a scripted world in a store of its own, without network and key.

The engine, its sessions, the store, the tools and the console are the real ones. Of the demo are
the folder that all of it lies in (`world`), what is found there (`shop`, `past`), the model that
speaks (`model`, `scenes`), and who serves (`engine`, `router`, `desk`, `keyring`).
"""
