"""Makes a key pair: `keys DIRECTORY NAME`, where to put it, and whose it is."""

import sys

import zmq.auth

print(*zmq.auth.create_certificates(sys.argv[1], sys.argv[2]), sep="\n")
