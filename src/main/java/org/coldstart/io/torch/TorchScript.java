package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.ScriptMethod;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The operations that DJL lacks, written in TorchScript: the Python of the {@code .py} files beside this class,
 * compiled at run time without Python and without a file.
 *
 * <p>
 * libtorch reads a module from a zip archive that holds the source of its methods and a pickle of its attributes. A
 * module without attributes needs a pickle of a few fixed bytes, so the archive can be written here, in memory. The
 * source is ordinary TorchScript: operators, slices, tuples, comments, methods that call each other; types such as
 * {@code torch.float32} are written as their numbers. All files become one module, so that each formula is written
 * once. A call costs about three microseconds.
 */
final class TorchScript {

  /** {@code Module()} with {@code training = True}, as a protocol-2 pickle. */
  private static final byte[] MODULE_PICKLE = pickle();

  private static final byte[] EMPTY_TUPLE_PICKLE = {(byte) 0x80, 2, ')', '.'};

  private static final String CLASS_HEADER = "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n";

  static final TorchScript OPS = ofResources(Torch.root(), "ops.py", products(), "decoder.py", "backward.py",
      "optimizer.py");

  private final PtSymbolBlock module;

  private TorchScript(PtSymbolBlock module) {
    this.module = module;
  }

  /**
   * Compiles the methods of several classes into one module.
   *
   * @param manager owns the module; its device is where the module runs
   * @param names of the files beside this class, each of which holds a class of its own
   */
  private static TorchScript ofResources(NDManager manager, String... names) {
    StringBuilder source = new StringBuilder(CLASS_HEADER);
    for (String name : names) {
      try (InputStream in = TorchScript.class.getResourceAsStream(name)) {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        source.append(text.substring(text.indexOf('\n', text.indexOf("\nclass ") + 1) + 1));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    try (InputStream archive = new ByteArrayInputStream(archive(source.toString()))) {
      return new TorchScript(JniUtils.loadModule((PtNDManager) manager, archive, false, false));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The file of the products of f32 matrices: oneDNN's, twice as fast, on processors with AVX-512 that are not
   * Intel's, for MKL uses it on those alone. The processor's name decides, and no trial of both: a run that is resumed
   * in another process has to take the same, to the bit.
   */
  private static String products() {
    String processor = Torch.processor();
    boolean mkl = !processor.contains(" avx512f ") || processor.contains("GenuineIntel");
    return mkl || Torch.device().isGpu() ? "mkl.py" : "onednn.py";
  }

  /**
   * Calls a method that returns one tensor, which belongs to the first argument's manager.
   *
   * @param arguments {@link NDArray}, {@code NDArray[]}, {@code long[]}, {@code double[]}, {@link Integer}, {@link Long}, {@link Double}
   * or {@link Boolean}
   */
  NDArray call(String method, Object... arguments) {
    try (IValue result = run(method, arguments)) {
      return result.toTensor(managerOf(arguments[0]));
    }
  }

  /** The same for a method that returns a list of tensors. */
  NDArray[] callAll(String method, Object... arguments) {
    try (IValue result = run(method, arguments)) {
      return result.toTensorArray(managerOf(arguments[0]));
    }
  }

  /** Calls a method for its effect on its arguments. */
  void invoke(String method, Object... arguments) {
    run(method, arguments).close();
  }

  private static PtNDManager managerOf(Object argument) {
    NDArray array = argument instanceof NDArray[] list ? list[0] : (NDArray) argument;
    return (PtNDManager) array.getManager();
  }

  /** An argument that may be null, as the list that TorchScript takes for it. */
  static NDArray[] optional(NDArray array) {
    return array == null ? new NDArray[0] : new NDArray[] {array};
  }

  private IValue run(String method, Object... arguments) {
    IValue[] values = new IValue[arguments.length];
    try {
      for (int i = 0; i < values.length; i++) {
        values[i] = value(arguments[i]);
      }
      return ScriptMethod.run(module, method, values);
    } finally {
      for (IValue value : values) {
        if (value != null) {
          value.close();
        }
      }
    }
  }

  private static IValue value(Object argument) {
    if (argument instanceof NDArray array) {
      return IValue.from((PtNDArray) array);
    }
    if (argument instanceof NDArray[] arrays) {
      return IValue.listFrom(List.of(arrays).toArray(new PtNDArray[0]));
    }
    if (argument instanceof long[] numbers) {
      return IValue.listFrom(numbers);
    }
    if (argument instanceof double[] numbers) {
      return IValue.listFrom(numbers);
    }
    if (argument instanceof Double number) {
      return IValue.from(number.doubleValue());
    }
    if (argument instanceof Long number) {
      return IValue.from(number.longValue());
    }
    if (argument instanceof Integer number) {
      return IValue.from(number.longValue());
    }
    if (argument instanceof Boolean flag) {
      return IValue.from(flag.booleanValue());
    }
    throw new IllegalArgumentException("TorchScript takes no argument of type " + argument);
  }

  private static byte[] archive(String source) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "ops/data.pkl", MODULE_PICKLE);
      store(zip, "ops/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      store(zip, "ops/constants.pkl", EMPTY_TUPLE_PICKLE);
      // From this version on operators mean what they mean today (gelu knows its tanh form).
      store(zip, "ops/version", "10\n".getBytes(StandardCharsets.US_ASCII));
    }
    return bytes.toByteArray();
  }

  /** Adds an uncompressed entry: libtorch maps the archive and reads entries in place. */
  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 checksum = new CRC32();
    checksum.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    entry.setCrc(checksum.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }

  private static byte[] pickle() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0x80); // PROTO 2
    out.write(2);
    ascii(out, "c__torch__\nM\n"); // GLOBAL: the class above
    ascii(out, ")"); // EMPTY_TUPLE
    out.write(0x81); // NEWOBJ
    ascii(out, "}("); // EMPTY_DICT, MARK
    ascii(out, "X\b\0\0\0training"); // BINUNICODE, little-endian length 8
    out.write(0x88); // NEWTRUE
    ascii(out, "ub."); // SETITEMS, BUILD, STOP
    return out.toByteArray();
  }

  private static void ascii(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }
}
