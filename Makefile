# Every target sets up what it needs: a virtual environment in .venv from the hashed locks, and for the tests the
# servers and clients that they run against.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: demo test test-clients test-buckets reference bench bench-quick bench-label-studio check format lock lock-peers \
	clean

demo: $(VENV)/.installed
	@$(BIN)/bucketlink demo $(ARGS)

test: $(VENV)/.dev
	@bash tests/servers/install.sh
	@bash tests/servers/install_azurite.sh
	@$(BIN)/python -m tests.clients.environments usual
	$(PYTEST) $(ARGS)

test-clients: $(VENV)/.dev
	@bash tests/servers/install.sh
	@bash tests/servers/install_azurite.sh
	@$(BIN)/python -m tests.clients.environments all
	$(PYTEST) --generations all --table tests/clients $(ARGS)

test-buckets: $(VENV)/.dev
	@bash tests/servers/install.sh
	@bash tests/servers/install_azurite.sh
	$(PYTEST) --table tests/buckets $(ARGS)

reference: $(VENV)/.dev
	@$(BIN)/python -m tests.reference

bench: $(VENV)/.dev
	@$(BIN)/python -m tests.bench.peers.environments usual
	@$(BIN)/python -m tests.bench $(ARGS)

bench-quick: $(VENV)/.dev
	@$(BIN)/python -m tests.bench.peers.environments usual
	@$(BIN)/python -m tests.bench --quick $(ARGS)

bench-label-studio: $(VENV)/.dev
	@$(BIN)/python -m tests.bench.peers.environments label-studio
	@$(BIN)/python -m tests.bench --only label-studio $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:
	$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip --quiet install uv==0.13.9
	$(VENV)/lock/bin/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock
	$(VENV)/lock/bin/uv pip compile pyproject.toml --group dev --all-extras --python-version 3.11 --universal \
		--generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-dev.lock

lock-peers:
	$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip --quiet install uv==0.13.9
	cd tests/bench/peers && for name in libraries datachain label-studio; do \
		$(CURDIR)/$(VENV)/lock/bin/uv pip compile $$name.in --python-version 3.11 --universal --generate-hashes \
			--no-emit-index-url --no-header --quiet --output-file $$name.lock || exit 1; done

clean:
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Bucketlink into $(VENV) (once) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV) (once) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
