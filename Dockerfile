# wergate with a CPU build of PyTorch, for GitLab and for a frozen environment:
#   docker build --tag wergate .
#   docker run --rm --volume "$PWD:/work" --volume wergate-store:/store wergate check --limit 20
FROM python:3.11-slim

# an index with a CPU build of torch; without one, pip takes a CUDA build of several GB
ARG PIP_EXTRA_INDEX_URL=""

# libsndfile and all other libraries are in the packages of pip
COPY .ci/requirements.lock /tmp/requirements.lock
RUN python -m pip install --no-cache-dir --requirement /tmp/requirements.lock

COPY pyproject.toml README.md LICENSE pytest.ini suite.toml conftest.py /source/
COPY src /source/src
COPY accuracy /source/accuracy
COPY benchmarks /source/benchmarks
COPY fixtures /source/fixtures
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation /source && rm -r /source

RUN useradd --create-home --uid 1000 wergate && mkdir /store /work && chown wergate /store /work
USER wergate
ENV XDG_CACHE_HOME=/store
WORKDIR /work
ENTRYPOINT ["wergate"]
CMD ["doctor"]
