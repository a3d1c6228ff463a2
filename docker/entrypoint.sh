#!/bin/sh
# What may follow the image's name:
#   nothing                  redis-server
#   options or a .conf file  redis-server with them
#   anything else            that program, with its arguments
set -e
case "${1-}" in
    "" | -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
