package org.coldstart.notebook;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The running Jupyter kernel, JJava or IJava, reached by reflection: the two have the same classes in different
 * packages, and a program that runs without a kernel has neither.
 */
final class Kernel {

  private static final String JJAVA = "org.dflib.jjava.jupyter.kernel.display.";
  private static final String IJAVA = "io.github.spencerpark.jupyter.kernel.display.";

  private final Object kernel;
  private final Object renderer;
  private final Object output;
  private final String displayPackage;

  private Kernel(Object kernel, String displayPackage) {
    this.kernel = kernel;
    this.displayPackage = displayPackage;
    this.renderer = call(kernel, "getRenderer");
    this.output = outputOfCell();
  }

  /** The kernel whose cell is running, or empty in a plain Java program. */
  static Optional<Kernel> running() {
    return find("org.dflib.jjava.jupyter.kernel.BaseKernel", "notebookKernel", JJAVA)
      .or(() -> find("io.github.spencerpark.ijava.IJava", "getKernelInstance", IJAVA));
  }

  private static Optional<Kernel> find(String holder, String accessor, String displayPackage) {
    try {
      return Optional.ofNullable(Class.forName(holder).getMethod(accessor).invoke(null))
        .map(kernel -> new Kernel(kernel, displayPackage));
    } catch (ReflectiveOperationException notThisOne) {
      return Optional.empty();
    }
  }

  /** The kernel that an extension of JJava is handed. */
  static Kernel of(Object jjava) {
    return new Kernel(jjava, JJAVA);
  }

  /** Evaluates Java source in the notebook's session, as a cell would. */
  void evaluate(String source) {
    if (method(kernel, "evalBuilder", source).isPresent()) {
      call(call(kernel, "evalBuilder", source), "eval");
    } else {
      call(kernel, "evalRaw", source);
    }
  }

  /**
   * Shows values of a type by what {@code render} makes of them: a map from MIME type to data. A renderer that fails
   * shows its error instead: a Throwable that reached the kernel would end its main loop, and every later cell would
   * hang.
   */
  <T> void register(Class<T> type, List<String> mimeTypes, Function<? super T, Map<String, String>> render) {
    try {
      Class<?> function = displayClass("RenderFunction");
      Object proxy = Proxy.newProxyInstance(function.getClassLoader(), new Class<?>[] {function},
          (self, method, arguments) -> switch (method.getName()) {
          case "render" -> put(render, type.cast(arguments[0]), arguments[1]);
          case "equals" -> self == arguments[0];
          case "hashCode" -> 0;
          default -> "renderer";
          });
      Object registration = call(renderer, "createRegistration", type);
      registration = call(registration, "preferring", (Object) mimeTypes.toArray(String[]::new));
      registration.getClass().getMethod("register", function).invoke(registration, proxy);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This kernel renders unlike JJava and IJava: " + e, e);
    }
  }

  /** Shows a value now, in the middle of a cell; an update replaces what was shown under the same id. */
  void show(String id, Object value, boolean update) {
    Object data = call(renderer, "render", value);
    if (update) {
      call(output, "updateDisplay", id, data);
    } else {
      call(data, "setDisplayId", id);
      call(output, "display", data);
    }
  }

  /**
   * A display stream that stays with the cell that runs now. The kernel ends a stopped cell at once and mutes its own
   * stream, while the cell's thread still finishes its step and has its last state to show.
   */
  private Object outputOfCell() {
    try {
      Object io = call(kernel, "getIO");
      Object shared = io.getClass().getField("display").get(io);
      Object own = shared.getClass().getConstructor().newInstance();
      Field cell = shared.getClass().getDeclaredField("env");
      cell.setAccessible(true);
      cell.set(own, cell.get(shared));
      return own;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This kernel displays unlike JJava and IJava: " + e, e);
    }
  }

  private <T> Object put(Function<? super T, Map<String, String>> render, T value, Object context)
      throws ReflectiveOperationException {
    Map<String, String> bundle = Rendering.safely(() -> render.apply(value));
    Class<?> mimeType = displayClass("mime.MIMEType");
    for (Map.Entry<String, String> entry : bundle.entrySet()) {
      Object mime = mimeType.getMethod("parse", String.class).invoke(null, entry.getKey());
      call(context, "renderIfRequested", mime, (Supplier<Object>) entry::getValue);
    }
    if (bundle.containsKey(Rendering.PNG)) {
      Map<String, Integer> width = Map.of("width", Charts.WIDTH);
      call(call(context, "getOutputContainer"), "putMetaData", Rendering.PNG, width);
    }
    return null;
  }

  private Class<?> displayClass(String name) throws ClassNotFoundException {
    return Class.forName(displayPackage + name, true, renderer.getClass().getClassLoader());
  }

  private static Object call(Object target, String name, Object... arguments) {
    try {
      Method method = method(target, name, arguments).orElseThrow(NoSuchMethodException::new);
      method.setAccessible(true);
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot call " + target.getClass().getName() + "." + name + ": " + e, e);
    }
  }

  private static Optional<Method> method(Object target, String name, Object... arguments) {
    return Arrays.stream(target.getClass().getMethods())
      .filter(method -> method.getName().equals(name))
      .filter(method -> method.getParameterCount() == arguments.length)
      .filter(method -> IntStream.range(0, arguments.length)
        .allMatch(i -> method.getParameterTypes()[i].isInstance(arguments[i])))
      .findFirst();
  }
}
