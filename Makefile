# A thin wrapper: the scripts are what CI and the documents call.
.PHONY: build test lint fix demo

build:
	CGO_ENABLED=0 go build -trimpath -o bin/madoguchi ./cmd/madoguchi

test:
	scripts/test

lint:
	scripts/lint

fix:
	scripts/lint --fix

demo:
	go run ./cmd/madoguchi demo
