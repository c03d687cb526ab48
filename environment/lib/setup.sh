# Sourced by environment/run, lab and test: finds what the machine has, brings what it lacks into this checkout
# (.venv, .tools, target; nothing outside but Maven's and pip's own caches) and exports what kernel and tests read.
# Every step leaves a stamp with the hash of its inputs, so a second call does only what changed.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
VENV="$ROOT/.venv"
PYTHON_VENV="$ROOT/.venv-python"
TOOLS="$ROOT/.tools"

MAVEN_VERSION=3.9.16
MAVEN_OLDEST=3.6.3 # what the plugins of pom.xml accept
MAVEN_SHA512=831a8591fe20c8243b1dbe7d71e3244f31d1665b0804b2e825e38cbbe5ce0cafb8338851f90780735568773e0a6cd07bbec107cda0b896b008b861075358b6f6
MAVEN_CENTRAL="${MAVEN_CENTRAL:-https://repo.maven.apache.org/maven2}"

say() { printf '%s\n' "$*" >&2; }
die() { printf '\n%s\n' "$@" >&2; exit 1; }

on_mac() { [ "$(uname -s)" = Darwin ]; }

# A short hash of the content and names of the given files and folders.
hash_of() {
  (cd "$ROOT" && find "$@" -type f -exec cksum {} +) | LC_ALL=C sort | cksum | tr -d ' '
}

is_stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

require_disk() { # gigabytes, what for
  local free
  free="$(df -Pk "$ROOT" | awk 'NR == 2 { print int($4 / 1048576) }')"
  [ "$free" -ge "$1" ] || die "Too little disk space: $2 needs about $1 GB, $ROOT has $free GB free." \
    "Free some space, or move the checkout to a larger disk, and run this again."
}

# ---- Java ----------------------------------------------------------------------------------------------------------

# The major version of the JDK in a folder; nothing if it is no JDK (a JRE has no javac).
jdk_version() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 0
  "$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9][0-9]*\).*/\1/p'
}

jdk_candidates() {
  [ -n "${JAVA_HOME:-}" ] && echo "$JAVA_HOME"
  if on_mac; then
    /usr/libexec/java_home -v 17+ 2>/dev/null || true
  elif command -v javac >/dev/null; then
    dirname "$(dirname "$(readlink -f "$(command -v javac)")")"
  fi
  ls -d /usr/lib/jvm/*/ /opt/homebrew/opt/openjdk*/ "$HOME"/.sdkman/candidates/java/current/ 2>/dev/null || true
}

find_java() {
  local home version seen=""
  while IFS= read -r home; do
    home="${home%/}"
    version="$(jdk_version "$home")"
    if [ "${version:-0}" -ge 17 ]; then
      [ -z "${JAVA_HOME:-}" ] || [ "$home" = "${JAVA_HOME%/}" ] \
        || say "JAVA_HOME ($JAVA_HOME) is no JDK 17 or newer; using $home."
      export JAVA_HOME="$home" PATH="$home/bin:$PATH"
      return
    fi
    if [ -n "$version" ]; then version="JDK $version"; else version="no javac there, so it is not a JDK"; fi
    seen="$seen"$'\n'"  $home: $version"
  done < <(jdk_candidates)
  die "A JDK, version 17 or newer, is missing.${seen:+ Looked at:$seen}" \
    "  Debian, Ubuntu: sudo apt-get install openjdk-17-jdk
  Fedora:         sudo dnf install java-21-openjdk-devel
  macOS:          brew install openjdk@21
  anywhere:       https://adoptium.net
If one is installed already, point JAVA_HOME at it."
}

warn_about_fonts() {
  on_mac || [ -n "$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" -name '*.?t[fc]' 2>/dev/null | head -n 1)" ] \
    || say "No fonts found: charts need them (Debian, Ubuntu: sudo apt-get install fontconfig fonts-dejavu-core)."
}

# ---- Python --------------------------------------------------------------------------------------------------------

find_python() {
  local candidate version seen=""
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
    version="$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
      "$candidate" -c 'import venv, ensurepip' 2>/dev/null || die \
        "$candidate ($version) cannot make virtual environments: its modules venv and ensurepip are missing." \
        "  Debian, Ubuntu: sudo apt-get install python$version-venv"
      PYTHON="$("$candidate" -c 'import sys; print(sys.executable)')"
      return
    fi
    seen="$seen $candidate is $version;"
  done
  die "Python, version 3.10 or newer, is missing.${seen:+ Found:$seen}" \
    "  Debian, Ubuntu: sudo apt-get install python3 python3-venv
  Fedora:         sudo dnf install python3
  macOS:          brew install python@3.12
  anywhere:       https://www.python.org/downloads
If one is installed under another name, set PYTHON to it."
}

# make_venv folder requirements-file gigabytes what pip-options...
make_venv() {
  local folder="$1" requirements="$2" gigabytes="$3" what="$4" stamp
  shift 4
  # A virtual environment holds absolute paths: a moved checkout needs a new one.
  stamp="$folder $PYTHON $("$PYTHON" --version) $(hash_of "$requirements")"
  is_stamped "$folder/.coldstart" "$stamp" && return
  require_disk "$gigabytes" "$what"
  say "Installing $what into ${folder#"$ROOT"/} ..."
  "$PYTHON" -m venv --clear "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@" -r "$ROOT/$requirements" \
    || die "pip could not install $requirements (its message is above)." \
      "If the package index is out of reach: check the network, or the proxy (HTTPS_PROXY, ~/.config/pip/pip.conf), and run this again."
  printf '%s' "$stamp" > "$folder/.coldstart"
}

setup_venv() {
  make_venv "$VENV" environment/requirements.txt 3 "JupyterLab, the Java kernel and the default model" --no-deps
  COLDSTART_GGUF="$(find "$VENV/lib" -name 'SmolLM2-135M-Instruct.Q4_1.gguf' | head -n 1)"
  export COLDSTART_GGUF
}

setup_python_extra() {
  make_venv "$PYTHON_VENV" environment/requirements-python.txt 8 "PyTorch and transformers (on Linux several GB)"
  export COLDSTART_PYTHON="$PYTHON_VENV/bin/python"
}

# ---- Maven and the library -----------------------------------------------------------------------------------------

download() { # url, file
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --retry 2 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --output-document="$2" "$1"
  else
    "$PYTHON" -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' "$1" "$2"
  fi
}

checksum() { # algorithm, file
  "$PYTHON" -c 'import hashlib, sys; print(hashlib.new(sys.argv[1], open(sys.argv[2], "rb").read()).hexdigest())' "$1" "$2"
}

# The version of the mvn on the PATH; nothing if there is none.
maven_version() {
  mvn --version 2>/dev/null | sed -n 's/.*Apache Maven \([0-9][0-9.]*\).*/\1/p' || true
}

is_at_least() { # version, oldest
  printf '%s %s\n' "$1" "$2" | awk '{
    split($1, have, "."); split($2, need, ".")
    for (i = 1; i <= 3; i++) if (have[i] + 0 != need[i] + 0) exit !(have[i] + 0 > need[i] + 0)
  }'
}

find_maven() {
  local installed
  MVN="$TOOLS/apache-maven-$MAVEN_VERSION/bin/mvn"
  [ -x "$MVN" ] && return
  installed="$(maven_version)"
  if [ -n "$installed" ] && is_at_least "$installed" "$MAVEN_OLDEST"; then
    MVN=mvn
    return
  fi
  local archive="$TOOLS/apache-maven-$MAVEN_VERSION-bin.tar.gz"
  local url="$MAVEN_CENTRAL/org/apache/maven/apache-maven/$MAVEN_VERSION/${archive##*/}"
  mkdir -p "$TOOLS"
  if [ -n "$installed" ]; then installed="The mvn on the PATH is Maven $installed, older than $MAVEN_OLDEST"; fi
  say "${installed:-No mvn on the PATH}; bringing Maven $MAVEN_VERSION into .tools ..."
  download "$url" "$archive" || die "Could not download $url" \
    "Check the network or the proxy (HTTPS_PROXY), or install Maven yourself (sudo apt-get install maven, brew install maven)."
  if [ "$(checksum sha512 "$archive")" != "$MAVEN_SHA512" ]; then
    rm -f "$archive"
    die "The Maven archive from $url has the wrong checksum and was deleted." \
      "Something between here and Maven Central changed it. Run this again, or install Maven yourself."
  fi
  tar -xzf "$archive" -C "$TOOLS"
  rm -f "$archive"
}

maven() {
  (cd "$ROOT" && "$MVN" --batch-mode --no-transfer-progress -Dstyle.color=never "$@")
}

maven_hint() {
  die "The Java build failed (Maven's message is above)." \
    "If it could not resolve a dependency: check the network, or set your mirror or proxy in ~/.m2/settings.xml, and run this again."
}

build() {
  local version libraries classes
  version="$("$JAVA_HOME/bin/javac" -version)"
  libraries="$ROOT $version $(hash_of pom.xml)"
  classes="$version $(hash_of pom.xml src/main src/tools)"
  if ! is_stamped "$ROOT/target/lib/.coldstart" "$libraries"; then
    require_disk 3 "the Java libraries"
    say "Building the library (the first time Maven brings about 400 MB of dependencies, libtorch among them) ..."
    rm -rf "$ROOT/target/lib"
    maven --quiet dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=target/lib || maven_hint
    printf '%s' "$libraries" > "$ROOT/target/lib/.coldstart"
  fi
  if ! is_stamped "$ROOT/target/.coldstart" "$classes" || [ ! -f "$ROOT/target/coldstart.jar" ]; then
    say "Compiling ..."
    maven --quiet package -Dmaven.test.skip=true || maven_hint
    printf '%s' "$classes" > "$ROOT/target/.coldstart"
  fi
}

# ---- the kernel ----------------------------------------------------------------------------------------------------

# Our `java` kernel is JJava with the library on its class path. JUPYTER_PATH goes before every other place where
# Jupyter looks, so that a kernel of the same name in the user's home does not shadow it.
install_kernel() {
  "$VENV/bin/python" "$ROOT/environment/lib/kernelspec.py" "$ROOT" "$VENV" "$JAVA_HOME"
  export JUPYTER_PATH="$VENV/share/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}"
}

setup() {
  case "$(uname -s)" in
    MINGW* | MSYS* | CYGWIN*) die "On Windows, run this inside WSL (wsl --install, then in its Ubuntu shell): the scripts are bash." ;;
  esac
  find_java
  find_python
  warn_about_fonts
  setup_venv
  find_maven
  build
  install_kernel
  # DJL unpacks libtorch (430 MB) here instead of into the home, and reports nothing to anyone.
  export DJL_CACHE_DIR="$TOOLS/djl" OPT_OUT_TRACKING=true
  if [ -f "$PYTHON_VENV/.coldstart" ]; then export COLDSTART_PYTHON="$PYTHON_VENV/bin/python"; fi
}
