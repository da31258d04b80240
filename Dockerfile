# An image of one program: docker build -t irst-detect . && docker run --rm -v "$PWD:/data" irst-detect frame.png --out found
# With every program, and what --video needs: docker build --target full -t irst .

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY scripts/setup.sh scripts/setup.sh
RUN scripts/setup.sh --static
COPY . .
RUN make -j"$(nproc)" all library && make install-strip PREFIX=/usr DESTDIR=/full
RUN make -j"$(nproc)" STATIC=1 BINDIR=static && strip static/detect
# The numbers in overlays need a font and somebody who finds it.
RUN install -D static/detect /detect/usr/bin/irst-detect \
    && install -D -m 644 -t /detect/usr/share/irst/weights weights/*.h5 weights/*.md \
    && install -D -m 644 -t /detect/usr/share/fonts /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf \
    && mkdir -p -m 1777 /detect/tmp && mkdir /detect/etc /detect/etc/fonts /detect/data \
    && echo '<fontconfig><dir>/usr/share/fonts</dir><cachedir>/tmp</cachedir></fontconfig>' > /detect/etc/fonts/fonts.conf

FROM debian:bookworm-slim AS full
RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg fonts-dejavu-core libcairo2 libexpat1 libgomp1 libhdf5-103-1 \
        libjansson4 libjpeg62-turbo libmicrohttpd12 libopenblas0-pthread libpng16-16 libpopt0 libprotobuf-c1 libtiff6 libzip4 \
        zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /full/ /
WORKDIR /data

FROM scratch
COPY --from=build /detect/ /
WORKDIR /data
ENTRYPOINT ["/usr/bin/irst-detect"]
CMD ["--help"]
