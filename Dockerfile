# The image of Serin: its controller, its proxy and its commands.
#
#   docker build --tag serin:0.1.0 .
#
# It needs nothing to write but /tmp, so that the root may be read-only.

# The Node that everything is tested with; package.json names the same.
ARG NODE=26.10.0

FROM node:${NODE}-slim AS build
WORKDIR /serin
COPY package.json package-lock.json ./
# Scripts of packages are for other machines: a Node that is here already, tools that nothing is built with.
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY src ./src
COPY tools/dashboard.ts ./tools/
RUN npm run build

FROM node:${NODE}-slim
ENV NODE_ENV=production
WORKDIR /serin
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY bin ./bin
COPY schema ./schema
COPY --from=build /serin/dist ./dist
# By number, so that a cluster sees that it is not root.
USER 65532:65532
ENTRYPOINT ["node", "bin/serin.mjs"]
