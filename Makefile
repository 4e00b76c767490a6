# Every target is a short script, so that what CI does can be read and run by hand.
.PHONY: help run build test test-sanitized test-package fuzz lint format models package bench bench-peers attacks soak cluster sizing check-tls clean

help:
	@echo "make run      install what is missing, build, and start the demo on loopback"
	@echo "make build    release build only"
	@echo "make test     everything CI checks: lint, unit, SDK, end-to-end and browser tests"
	@echo "make test-sanitized  the Swift and end-to-end tests under AddressSanitizer, then ThreadSanitizer; an hour"
	@echo "make fuzz     runs each fuzz target for a million inputs, with AddressSanitizer"
	@echo "make lint     formatting and style, changes nothing"
	@echo "make format   rewrites the sources in the house format"
	@echo "make models   checks the models of the lock-free cache with spin (a minute or two, up to 6 GiB)"
	@echo "make package  a Debian package in out/, the Swift runtime inside"
	@echo "make test-package  installs it in a Debian of its own, under systemd, and works with it (as root)"
	@echo "make bench    micro-benchmarks, beside what the ecosystem offers for the same"
	@echo "make check-tls  holds the TLS listener against testssl.sh"
	@echo "make soak     five million requests (REQUESTS=…) with faults all around: do memory and descriptors stay?"
	@echo "make cluster  three gateways on one PostgreSQL under load, with failures: a few minutes"
	@echo "make sizing   first-seen users a second with PostgreSQL, and whose processor time: two minutes on a quiet machine"
	@echo "make attacks  hostile clients at full length, beside a well-behaved one; writes the table of what was measured"
	@echo "make bench-peers  server CPU per request, side by side with HAProxy, nginx and Envoy"

run: build
	exec .build/release/widget-gateway demo

build:
	scripts/install-build-packages.sh
	swift build -c release --product widget-gateway

test:
	scripts/test.sh

test-sanitized:
	scripts/install-test-packages.sh
	scripts/test-sanitized.sh

fuzz:
	scripts/install-build-packages.sh
	Fuzz/run.sh

lint:
	scripts/lint.sh

format:
	scripts/format.sh

models:
	bash -c ". scripts/packages.sh && install_missing spin gcc libc6-dev"
	scripts/check-models.sh

package:
	scripts/install-build-packages.sh
	scripts/package-debian.sh

test-package: package
	scripts/test-package.sh out/widget-gateway_*.deb

bench:
	Benchmarks/micro/run.sh

bench-peers: build
	Benchmarks/peers/run.sh

soak: build
	Benchmarks/soak/run.sh --table docs/reliability-soak.md $(if $(REQUESTS),--requests $(REQUESTS))

cluster: build
	Benchmarks/cluster/run.sh

sizing: build
	Benchmarks/sizing/run.sh

check-tls: build
	scripts/check-tls.sh

attacks: build
	WIDGET_GATEWAY_BINARY=.build/release/widget-gateway .venv/bin/python Tests/Attacks/run.py \
		--table docs/hostile-clients-measured.md

clean:
	rm -rf .build .venv Benchmarks/.build Benchmarks/.venv Fuzz/.build
