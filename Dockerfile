# The server in an image: no compiler, no npm cache, no root, and nothing in it that has to be written.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /opt/countersign
COPY package.json package-lock.json .npmrc ./
# better-sqlite3 brings its binaries, so nothing is compiled and no package runs a script. The optional packages are Node itself.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Countersign" org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/var/lib/countersign
WORKDIR /opt/countersign
COPY --from=dependencies /opt/countersign/node_modules ./node_modules
COPY package.json app.yml LICENSE ./
COPY src ./src
# The only folder that is written, and only where no DATABASE_URL is set. 1000 is the image's user node.
RUN mkdir -p -m 700 /var/lib/countersign && chown 1000:1000 /var/lib/countersign
VOLUME /var/lib/countersign
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/ping`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: a SIGTERM to npm alone leaves the server running.
CMD ["node", "src/main.ts"]
