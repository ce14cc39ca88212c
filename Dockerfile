# docker build --tag rin . && docker run --rm --volume "$PWD:/work" rin train --data my-pictures
FROM node:22-bookworm-slim
COPY . /rin
RUN cd /rin && npm run setup
WORKDIR /work
ENTRYPOINT ["node", "/rin/packages/rin/bin/rin.js"]
