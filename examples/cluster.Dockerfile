# The service of the examples on Kubernetes, and its users, for a cluster of your own. From the root of the repository:
#
#   docker build --file examples/cluster.Dockerfile --build-arg VERSION=v1 --tag demo:v1 .

FROM node:26.10.0-slim
ARG VERSION
ENV VERSION=${VERSION} KEEP_ALIVE=no
WORKDIR /demo
COPY test/kube/service.mjs examples/shop/load.mjs ./
USER 65532:65532
CMD ["node", "service.mjs"]
