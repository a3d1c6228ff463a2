# RedisLite in place of the redis image: the same port, volume, program names and arguments.
#
#   docker build -t redislite .
#   docker run -d -p 6379:6379 -v redis-data:/data redislite
#   docker run -d redislite --requirepass secret --maxmemory 100mb
#   docker run -d -v /etc/my.conf:/etc/redis.conf redislite /etc/redis.conf
#   docker run -d -e REDIS_PASSWORD_FILE=/run/secrets/redis redislite
ARG DOTNET_VERSION=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION} AS build
WORKDIR /source
COPY Directory.Build.props Directory.Packages.props global.json .editorconfig ./
COPY src ./src
# Compiled ahead for the processor of this stage, so that a server answers its first request without compiling.
RUN case "$(uname -m)" in aarch64) arch=arm64 ;; *) arch=x64 ;; esac \
 && dotnet publish src/RedisLite/RedisLite.csproj -c Release -r linux-$arch --self-contained false -o /app

FROM mcr.microsoft.com/dotnet/runtime:${DOTNET_VERSION}
# The account first: the package with the real redis-cli (for people and for scripts that call it inside) makes one of the same name otherwise.
RUN groupadd --system redis \
 && useradd --system --gid redis --home-dir /data --no-create-home --shell /usr/sbin/nologin redis \
 && mkdir /data \
 && chown redis:redis /data \
 && apt-get update \
 && apt-get install -y --no-install-recommends redis-tools \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /opt/redislite
COPY docker/entrypoint.sh /usr/local/bin/redislite-entrypoint
RUN ln -s /opt/redislite/redislite /usr/local/bin/redislite \
 && ln -s /opt/redislite/redislite /usr/local/bin/redis-server

# Below the configuration file, as in the redis image: a container is reached through ports that somebody has published on purpose.
ENV REDISLITE_DEFAULTS="--protected-mode no" \
    DOTNET_EnableDiagnostics=0
VOLUME /data
WORKDIR /data
USER redis
EXPOSE 6379
# Where the server listens elsewhere, set REDIS_PORT for the check.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD redislite cli-ping -p "${REDIS_PORT:-6379}"
STOPSIGNAL SIGTERM
ENTRYPOINT ["redislite-entrypoint"]
CMD ["redis-server"]
