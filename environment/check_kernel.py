"""Checks through the `java` kernel itself that it survives what happens in a lesson, one line each.

Started by environment/test, which sets everything up first, the old libraries of target/ijava included. Cells that are stopped, cells that throw and values that
cannot be shown must leave a kernel that trains on, `%load ../environment/kernel.jsh` must be all that a Java kernel
without our class path needs, and the old libraries that IJava brings must not get in our way. The training is real, on a checkpoint of 30 000 weights out of the unit tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 60  # seconds without a message from the kernel after which it counts as dead
OURS = ("COLDSTART_", "JJAVA_", "DJL_", "OPT_OUT_TRACKING")  # variables that a plain kernel starts without

# The spec that the jjava wheel brings; ours replaces it when everything is set up.
PLAIN_SPEC = {
    "argv": ["java", "-jar", "{resource_dir}/jjava-launcher.jar", "{resource_dir}/jjava.jar", "{connection_file}"],
    "display_name": "Java (jjava)",
    "language": "java",
    "interrupt_mode": "message",
}

PREPARE = """
Path resources = Path.of("../src/test/resources");
CausalLm model = CausalLm.fromPretrained(resources.resolve("parity/llama-tied"));
Tokenizer tokenizer = Tokenizer.fromPretrained(resources.resolve("tokenizer/tiny"));
boolean[] mask = new boolean[12];
Arrays.fill(mask, true);
Example row = new Example(new Random(1).ints(12, 4, 99).toArray(), mask);
TrainingResult train(int rows, int accumulation, TrainingListener... listeners) {
    SftConfig config = SftConfig.builder().numTrainEpochs(1)
        .perDeviceTrainBatchSize(1).gradientAccumulationSteps(accumulation).build();
    return new SftTrainer(model, tokenizer, config, Collections.nCopies(rows, row), List.of()).train(listeners);
}
"""
TRAIN_ON = "String.valueOf(train(3, 1))"


@dataclass
class Cell:
    """What one cell gave: its outputs as plain text, their MIME types, and the error it ended with."""

    text: str = ""
    mime_types: set[str] = field(default_factory=set)
    error: str | None = None
    ended: bool = False


class Kernel:
    """A running kernel, driven as JupyterLab drives it: through its manager and its channels."""

    def __init__(self, manager: KernelManager):
        self.manager = manager
        self.cells: dict[str, Cell] = {}
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def run(self, code: str, interrupt_at: str | None = None) -> Cell:
        """Runs a cell to its end; interrupts it once its output contains a text."""
        cell = Cell()
        self.cells[self.client.execute(code.strip())] = cell
        while not cell.ended:
            self._read()
            if interrupt_at is not None and interrupt_at in cell.text:
                self.manager.interrupt_kernel()
                interrupt_at = None
        require(interrupt_at is None, f"the cell ended before it showed {interrupt_at!r}: {cell}")
        return cell

    def run_well(self, code: str) -> Cell:
        """Runs a cell that must not fail."""
        cell = self.run(code)
        require(cell.error is None, f"{code.strip()[:80]!r} failed: {cell.error}")
        return cell

    def wait_for(self, cell: Cell, text: str):
        """Waits for what a cell's thread still shows after the cell's end."""
        while text not in cell.text:
            self._read()

    def _read(self):
        """Waits for the next message and takes it in with its cell; a stopped cell still gets some after its end."""
        try:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
        except Empty:
            raise Failure(f"the kernel was silent for {TIMEOUT} s; the cells so far: {list(self.cells.values())}") from None
        cell = self.cells.get(message["parent_header"].get("msg_id"))
        if cell is None:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            cell.text += content["text"]
        elif kind in ("execute_result", "display_data", "update_display_data"):
            cell.text += content["data"].get("text/plain", "") + "\n"
            cell.mime_types |= content["data"].keys()
        elif kind == "error":
            cell.error = f"{content['ename']}: {content['evalue']}"
        elif kind == "status":
            cell.ended = content["execution_state"] == "idle"


class Failure(Exception):
    """What a check found wrong."""


def require(holds: bool, complaint: str):
    if not holds:
        raise Failure(complaint)


def require_text(cell: Cell, *texts: str):
    for text in texts:
        require(text in cell.text, f"{text!r} is not in what the cell showed: {cell}")


def require_error(cell: Cell, text: str):
    require(text in (cell.error or ""), f"{text!r} is not in the cell's error: {cell}")


@contextmanager
def our_kernel(class_path_in_front: str = ""):
    """The kernel that environment/lab opens, with a tiny model to train."""
    manager = KernelManager(kernel_name="java")
    specified = manager.kernel_spec.env["JJAVA_CLASSPATH"]
    manager.kernel_spec.env["JJAVA_CLASSPATH"] = class_path_in_front + specified
    with running(manager) as kernel:
        kernel.run_well(PREPARE)
        yield kernel


@contextmanager
def plain_kernel():
    """The kernel as the jjava wheel installs it: another class path, other JVM options, none of our variables."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "java"
        spec.mkdir()
        for jar in Path(KernelSpecManager().get_kernel_spec("java").resource_dir).glob("*.jar"):
            (spec / jar.name).symlink_to(jar)
        (spec / "kernel.json").write_text(json.dumps(PLAIN_SPEC), encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        manager = KernelManager(kernel_name="java", kernel_spec_manager=specs)
        # Its chatter goes nowhere: only our kernel's spec keeps it down.
        with running(manager, env=environment, stderr=subprocess.DEVNULL) as kernel:
            yield kernel


@contextmanager
def running(manager: KernelManager, **options):
    """Starts a kernel where notebooks start theirs, in the folder notebooks/ unless another is given, and ends it."""
    manager.start_kernel(**{"cwd": str(ROOT / "notebooks"), **options})
    kernel = None
    try:
        kernel = Kernel(manager)
        yield kernel
    finally:
        if kernel is not None:
            kernel.client.stop_channels()
        manager.shutdown_kernel(now=True)


def interrupted_between_steps():
    """A stopped run takes no second step, its cell says what was reached, and the next cell trains on."""
    with our_kernel() as kernel:
        kernel.run_well("""
            List<Integer> afterInterrupt = new ArrayList<>();
            TrainingListener watch = new TrainingListener() {
                public void onStep(Step now) {
                    if (Thread.currentThread().isInterrupted()) afterInterrupt.add(now.step());
                }
            };
            TrainingResult result;""")
        cell = kernel.run("""
            try (LiveTraining live = new LiveTraining(100000)) {
                result = train(100000, 1, live, watch);
            }""", interrupt_at="step ")
        require_error(cell, "Interrupted")
        # No waiting here: the stopped run may still be at its last batch, and the two must not mix.
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")
        kernel.wait_for(cell, "stopped after")
        steps = kernel.run_well("result.steps()").text.strip()
        require_text(cell, f"step {steps}/100000 · ")
        require_text(kernel.run_well("String.valueOf(result)"), f"Interrupted after {steps} steps")
        require_text(kernel.run_well("afterInterrupt.size() <= 1"), "true")


def interrupted_and_resumed():
    """A stopped cell offers what was reached; the next has the result, and the one after goes on from there."""
    with our_kernel() as kernel:
        kernel.run_well("""
            SftConfig config = SftConfig.builder().numTrainEpochs(1).perDeviceTrainBatchSize(1).build();
            SftTrainer trainer = new SftTrainer(
                model, tokenizer, config, Collections.nCopies(1000, row), List.of());""")
        cell = kernel.run("""
            try (LiveTraining live = new LiveTraining(trainer.totalSteps())) {
                trainer.train(live);
            }""", interrupt_at="step ")
        require_error(cell, "Interrupted")
        require_text(kernel.run_well("String.valueOf(trainer.result())"), "Interrupted after ", "resume() goes on")
        kernel.wait_for(cell, "trainer.resume() goes on · stopped after")
        resumed = kernel.run_well("""
            try (LiveTraining live = new LiveTraining(trainer.totalSteps())) {
                trainer.resume(live);
            }
            String.valueOf(trainer.result())""")
        require_text(resumed, "step 1000/1000 · ", "Trained 1000 steps, 1000 rows")


def interrupted_before_a_display():
    """An interrupt that is pending when the progress line is drawn costs neither the line nor the run's result."""
    with our_kernel() as kernel:
        cell = kernel.run_well("""
            TrainingListener stop = new TrainingListener() {
                public void onStep(Step now) { Thread.currentThread().interrupt(); }
            };
            TrainingResult result;
            try (LiveTraining live = new LiveTraining(100)) {
                result = train(100, 1, stop, live);
            }
            String.valueOf(result)""")
        require_text(cell, "step 1/100 · ", "stopped after", "Interrupted after 1 steps")
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")


def interrupted_within_a_step():
    """A step of many micro-batches ends with the one at hand: it counts for nothing, and the next cell trains on."""
    with our_kernel() as kernel:
        kernel.run_well("TrainingResult result;")
        cell = kernel.run("""
            try (LiveTraining live = new LiveTraining(1)) {
                System.out.println("under way");
                result = train(20000, 20000, live);
            }""", interrupt_at="under way")
        require_error(cell, "Interrupted")
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")
        kernel.wait_for(cell, "stopped after")
        require_text(cell, "step 0/1 · ")
        require_text(kernel.run_well("String.valueOf(result)"), "Interrupted after 0 steps, 0 rows")


def interrupted_generation():
    """Stop ends a cell that writes batch after batch, and its thread too, so that the model is free for the next cell."""
    with our_kernel() as kernel:
        cell = kernel.run("""
            for (int i = 0; i < 1; i++) { // in one snippet: an interrupt between two would be lost
                System.out.println("under way");
                new Generator(model, tokenizer).generate(
                    Collections.nCopies(100_000, new int[] {5, 6}), Sampling.temperature(1, 1), 50, 1);
            }""",
            interrupt_at="under way")
        require_error(cell, "Interrupted")
        still_at_it = """
            Thread.sleep(1000);
            Thread.getAllStackTraces().values().stream().flatMap(Arrays::stream)
                .anyMatch(frame -> frame.getClassName().endsWith("generate.Generator"))"""
        require_text(kernel.run_well(still_at_it), "false")
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")


def thrown_in_a_cell():
    """Exceptions and Errors, in a cell and in the middle of training, end their cell and no more."""
    with our_kernel() as kernel:
        require_error(kernel.run('throw new IllegalStateException("my mistake");'), "my mistake")
        kernel.run_well("int deep(int n) { return deep(n + 1) + 1; }")
        require_error(kernel.run("deep(0)"), "StackOverflowError")
        require_error(kernel.run("""
            train(8, 1, new TrainingListener() {
                public void onStep(Step now) {
                    throw new OutOfMemoryError("listener");
                }
            })"""), "listener")
        require_error(kernel.run("no Java at all"), "Compilation")
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")


def failing_renderers():
    """A table or chart that cannot be drawn says so in its own place; an Error there would end JJava's main loop."""
    with our_kernel() as kernel:
        kernel.run_well("""
            Table table = new Table("t") {
                public int rowCount() { throw new IllegalStateException("no rows"); }
            };
            XYChart chart = new XYChart(100, 100) {
                public void paint(java.awt.Graphics2D graphics, int width, int height) {
                    throw new NoClassDefFoundError("no paint");
                }
            };""")
        require_text(kernel.run_well("table"), "could not be shown: ", "no rows")
        require_text(kernel.run_well("chart"), "could not be shown: ", "no paint")
        require_text(kernel.run_well('display(chart); "and on"'), "could not be shown: ", "and on")
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")


def plain_kernel_with_one_line():
    """Under the jjava package's own kernelspec, kernel.jsh brings class path, imports, renderers and the model."""
    with plain_kernel() as kernel:
        require_error(kernel.run('Class.forName("org.coldstart.notebook.Notebook")'), "ClassNotFoundException")
        kernel.run_well("%load ../environment/kernel.jsh")
        kernel.run_well(PREPARE)
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")
        table = kernel.run_well('table("t", List.of("a"), List.of(List.of(1)))')
        require("text/html" in table.mime_types, f"the table has no HTML: {table}")
        chart = kernel.run_well('Charts.bars("c", "y", List.of("a"), new double[] {1})')
        require("image/png" in chart.mime_types, f"the chart has no image: {chart}")
        require_text(kernel.run_well('Tokenizer.fromPretrained("SmolLM2-135M-Instruct").size()'), "49152")
        require_text(kernel.run_well("ai.djl.util.Utils.getCacheDir()"), str(ROOT / ".tools" / "djl"))


def resident_megabytes(kernel: Kernel) -> float:
    pid = kernel.manager.provisioner.process.pid
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(pid)])) / 1024


# Free memory that malloc keeps goes back to the system (glibc only; elsewhere it stays with what is held).
TRIM = """
    if (com.sun.jna.Platform.isLinux()) {
        com.sun.jna.Function.getFunction("c", "malloc_trim").invokeInt(new Object[] {0L});
    }"""


def held_after_runs(cell: str, preparation: str = "", runs: int = 5) -> list[float]:
    """The kernel's memory in MB after each run of a cell: a Java heap that stays as it is, and native memory."""
    manager = KernelManager(kernel_name="java")
    start, java, *options = [option for option in manager.kernel_spec.argv if not option.startswith("-Xmx")]
    manager.kernel_spec.argv = [start, java, "-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch", *options]
    with running(manager) as kernel:
        kernel.run_well('String name = "SmolLM2-135M-Instruct";' + preparation)
        held = []
        for _ in range(runs):
            kernel.run_well(cell)
            kernel.run_well(TRIM)
            held.append(resident_megabytes(kernel))
        return held


def require_no_more_than_two(held: list[float], each: int):
    """The first run has one; two grow memory by one more, three by two: the limit is half-way."""
    require(max(held) < held[0] + 1.5 * each, f"after each run the kernel held {[round(mb) for mb in held]} MB")


MODEL_MEGABYTES = 513  # 134.5 million weights in f32, in units of 2^20 bytes as ps counts
ADAPTER_MEGABYTES = 298  # of rank 256 on all linear layers


def chinese_notebooks():
    """A notebook of notebooks/zh has the English one's code, so its kernel starts in that one's folder."""
    for folder, english in (("zh", "notebooks"), ("zh/solutions", "notebooks/solutions")):
        with running(KernelManager(kernel_name="java"), cwd=str(ROOT / "notebooks" / folder)) as kernel:
            require_text(kernel.run_well(f'Path.of("").toAbsolutePath().endsWith("{english}")'), "true")


def model_loaded_again_and_again():
    """Of a cell that loads a model, run five times, no more than two models stay in memory."""
    held = held_after_runs("CausalLm model = CausalLm.fromPretrained(name);")
    require_no_more_than_two(held, MODEL_MEGABYTES)


def adapter_attached_again_and_again():
    """The same with an adapter of about half the model's size, which refers to its model."""
    held = held_after_runs("""
        CausalLm model = CausalLm.fromPretrained(name);
        Lora lora = Lora.attach(model, LoraConfig.builder().r(256).targetModules("all-linear").build());""")
    require_no_more_than_two(held, MODEL_MEGABYTES + ADAPTER_MEGABYTES)


def third_model_is_seen():
    """Where a list keeps models, the measure of these checks says so with the third."""
    held = held_after_runs("""
        CausalLm model = CausalLm.fromPretrained(name);
        kept.add(model);""", "List<CausalLm> kept = new ArrayList<>();", runs=3)
    try:
        require_no_more_than_two(held, MODEL_MEGABYTES)
    except Failure:
        return
    raise Failure(f"of three models kept, the kernel held {[round(mb) for mb in held]} MB")


def chat_begun_again_and_again():
    """The same with chats on one model, whose caches hold 2,000 tokens."""
    held = held_after_runs("""
        ReasoningChat chat = new ReasoningChat(model, tokenizer, Sampling.greedy(), 1);
        chat.reply("word ".repeat(2000));""", """
        CausalLm model = CausalLm.fromPretrained(name);
        Tokenizer tokenizer = Tokenizer.fromPretrained(name);
        ReasoningRole.prepareConversationTemplate(tokenizer);
        model.resizeTokenEmbeddings(tokenizer);""")
    require_no_more_than_two(held, 104)


def old_libraries_in_front():
    """IJava puts a Gson and a commons-lang3 of 2018 in front of the class path: records are read and written all the same."""
    with our_kernel(str(ROOT / "target" / "ijava" / "*.jar") + os.pathsep) as kernel:
        where = "com.google.gson.Gson.class.getProtectionDomain().getCodeSource()"
        require_text(kernel.run_well(f"String.valueOf({where})"), "gson-2.8.5.jar")
        kernel.run_well("""
            Path saved = Files.createTempDirectory("saved");
            model.savePretrained(saved);
            CausalLm again = CausalLm.fromPretrained(saved);
            Tokenizer words = Tokenizer.fromPretrained("SmolLM2-135M-Instruct");""")
        require_text(kernel.run_well("again.parameterCount() == model.parameterCount()"), "true")
        require_text(kernel.run_well("words.size()"), "49152")
        require_text(kernel.run_well('words.applyChatTemplate(List.of(Message.user("Hi!")), true)'), "<|im_start|>user")
        row = kernel.run_well('Reproduction.of("check").row("what", "–", "here", "model").write()')
        require_text(row, "what", "here")
        require_text(kernel.run_well('DataSet.load("../data/reasoning/test.jsonl").size() > 0'), "true")
        require_text(kernel.run_well(TRAIN_ON), "Trained 3 steps, 3 rows")


CHECKS = (
    interrupted_between_steps,
    interrupted_and_resumed,
    interrupted_before_a_display,
    interrupted_within_a_step,
    interrupted_generation,
    thrown_in_a_cell,
    failing_renderers,
    plain_kernel_with_one_line,
    chinese_notebooks,
    model_loaded_again_and_again,
    adapter_attached_again_and_again,
    third_model_is_seen,
    chat_begun_again_and_again,
    old_libraries_in_front,
)


def passes(check) -> bool:
    """Runs one check and prints its line."""
    start = time.monotonic()
    failure = None
    try:
        check()
    except (Failure, RuntimeError, OSError) as error:  # RuntimeError: the kernel died or did not start
        failure = error
    seconds = time.monotonic() - start
    name = "kernel: " + check.__name__.replace("_", " ")
    print(f"{name:<42} {seconds:5.1f} s  {'ok' if failure is None else 'FAILED'}", flush=True)
    if failure is not None:
        print(f"  {check.__doc__}\n  {failure}", flush=True)
    return failure is None


def main() -> int:
    passed = [passes(check) for check in CHECKS]
    failed = passed.count(False)
    print(f"{passed.count(True)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
