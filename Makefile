# make run    build everything and start the platform with the demonstration city
# make build  bin/pado
# make test   everything CI runs
# make bench  figures as ratios against a competitor started in the same run
SHELL := /bin/bash
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo dev)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
LISTEN ?= 127.0.0.1:8080
DATA ?= data/demo
WEB_SOURCES := $(shell find web/src web/index.html web/package-lock.json web/vite.config.* web/tsconfig*.json -type f 2>/dev/null)

.PHONY: build run test bench font web need generate clean

build: font web
	CGO_ENABLED=1 go build $(GOFLAGS_BUILD) -o bin/pado ./cmd/pado

need:
	tools/need.sh fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc python3-fonttools:/usr/lib/python3/dist-packages/fontTools/__init__.py gcc g++

font: need
	tools/font/build.sh

web: web/dist/index.html

web/dist/index.html: $(WEB_SOURCES)
	cd web && npm ci --ignore-scripts --no-audit --no-fund && npm run build

run: build
	bin/pado demo --data $(DATA) --if-missing
	bin/pado serve --data $(DATA) --listen $(LISTEN)

test:
	tools/test.sh

bench: build
	tools/bench.sh

# Rewrites what is generated and committed: golden texts, coverage, OpenAPI, role matrices.
generate: build
	bin/pado plan coverage > docs/coverage.md
	mkdir -p build && bin/pado openapi > build/openapi.json && cd web && npm run types
	bin/pado plan procedures > docs/procedures.md
	go test ./... -run 'Golden|Matrix|Generated|OpenAPI' -update

clean:
	rm -rf bin build web/dist/assets web/dist/index.html
