# Sourced by environment/scale: brings Spark into .tools/spark and builds the jobs, target/scale/coldstart.jar.

SPARK_VENV="$TOOLS/spark"
SPARK_JAVA="17 25" # oldest and newest that Spark 4.2 is tested with

require_spark_java() {
  local version
  version="$(jdk_version "$JAVA_HOME")"
  [ "$version" -ge "${SPARK_JAVA% *}" ] && [ "$version" -le "${SPARK_JAVA#* }" ] || die \
    "Spark 4 runs on Java ${SPARK_JAVA/ / to }, and $JAVA_HOME is Java $version: point JAVA_HOME at one of these."
}

# One's own distribution by SPARK_HOME, or the one that is brought here.
find_spark() {
  local core
  if [ -z "${SPARK_HOME:-}" ]; then
    make_venv "$SPARK_VENV" environment/requirements-spark.txt 2 "Spark (450 MB)" --no-deps
    SPARK_HOME="$(echo "$SPARK_VENV"/lib/python3*/site-packages/pyspark)"
  fi
  core="$({ ls "$SPARK_HOME/jars" 2>/dev/null || true; } | sed -n 's/^spark-core_[0-9.]*-\(.*\)\.jar$/\1/p')"
  case "$core" in
    4.*) export SPARK_HOME ;;
    "") die "SPARK_HOME ($SPARK_HOME) holds no Spark: point it at a Spark 4, or unset it and one is installed here." ;;
    *) die "SPARK_HOME ($SPARK_HOME) holds Spark $core, and the jobs need Spark 4: point it at one, or unset it and one is installed here." ;;
  esac
}

build_jobs() {
  local stamp
  stamp="$("$JAVA_HOME/bin/javac" -version) $(hash_of pom.xml src/main src/tools src/scale/java data)"
  is_stamped "$ROOT/target/scale/.coldstart" "$stamp" && return
  say "Compiling the jobs for Spark ..."
  maven --quiet -Pscale package -Dmaven.test.skip=true || maven_hint
  "$JAVA_HOME/bin/jar" --create --no-manifest --file "$ROOT/target/scale/data.zip" -C "$ROOT/data" .
  printf '%s' "$stamp" > "$ROOT/target/scale/.coldstart"
}
