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

/**
 * The running Jupyter kernel, JJava or IJava, reached by reflection: the two have the same classes
 * in different packages, and a program that runs without a kernel has neither.
 */
final class Kernel {

  private record Flavour(String holder, String accessor, String packageName) {}

  private static final List<Flavour> FLAVOURS =
      List.of(
          new Flavour(
              "org.dflib.jjava.jupyter.kernel.BaseKernel",
              "notebookKernel",
              "org.dflib.jjava.jupyter.kernel.display"),
          new Flavour(
              "io.github.spencerpark.ijava.IJava",
              "getKernelInstance",
              "io.github.spencerpark.jupyter.kernel.display"));

  private final Object kernel;
  private final Object renderer;
  private final Object output;
  private final String packageName;

  private Kernel(Object kernel, String packageName) {
    this.kernel = kernel;
    this.packageName = packageName;
    this.renderer = call(kernel, "getRenderer");
    this.output = outputOfCell();
  }

  /** The kernel whose cell is running, or empty in a plain Java program. */
  static Optional<Kernel> running() {
    for (Flavour flavour : FLAVOURS) {
      try {
        Object kernel = Class.forName(flavour.holder()).getMethod(flavour.accessor()).invoke(null);
        if (kernel != null) {
          return Optional.of(new Kernel(kernel, flavour.packageName()));
        }
      } catch (ReflectiveOperationException notThisOne) {
        // no such kernel on the class path, or none started: try the next
      }
    }
    return Optional.empty();
  }

  /** The kernel that an extension of JJava is handed. */
  static Kernel of(Object jjava) {
    return new Kernel(jjava, FLAVOURS.get(0).packageName());
  }

  /** Evaluates Java source in the notebook's session, as a cell would. */
  void evaluate(String source) {
    boolean hasBuilder =
        Arrays.stream(kernel.getClass().getMethods())
            .anyMatch(m -> m.getName().equals("evalBuilder"));
    if (hasBuilder) {
      call(call(kernel, "evalBuilder", source), "eval");
    } else {
      call(kernel, "evalRaw", source);
    }
  }

  /**
   * Shows values of a type by what {@code render} makes of them: a map from MIME type to data. A
   * renderer that fails shows its error instead: a Throwable that reached the kernel would end its
   * main loop, and every later cell would hang.
   */
  <T> void register(
      Class<T> type, List<String> mimeTypes, Function<? super T, Map<String, String>> render) {
    try {
      Class<?> function = displayClass("RenderFunction");
      Object proxy =
          Proxy.newProxyInstance(
              function.getClassLoader(),
              new Class<?>[] {function},
              (self, method, arguments) -> {
                if (method.getName().equals("render")) {
                  put(Rendering.safely(() -> render.apply(type.cast(arguments[0]))), arguments[1]);
                  return null;
                }
                return method.getName().equals("equals")
                    ? self == arguments[0]
                    : method.getName().equals("hashCode") ? 0 : (Object) "renderer";
              });
      Object registration = call(renderer, "createRegistration", type);
      registration =
          registration
              .getClass()
              .getMethod("preferring", String[].class)
              .invoke(registration, (Object) mimeTypes.toArray(String[]::new));
      registration.getClass().getMethod("register", function).invoke(registration, proxy);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "This kernel's renderers are not those of JJava or IJava: " + e, e);
    }
  }

  /** Shows a value now, in the middle of a cell; the id is for {@link #update}. */
  void display(String id, Object value) {
    Object data = call(renderer, "render", value);
    call(data, "setDisplayId", id);
    call(output, "display", data);
  }

  /** Replaces what {@link #display} showed under this id. */
  void update(String id, Object value) {
    call(output, "updateDisplay", id, call(renderer, "render", value));
  }

  /**
   * A display stream that stays with the cell that runs now. The kernel ends a stopped cell at once
   * and mutes its own stream, while the cell's thread still finishes what it was at and has its
   * last state to show.
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
      throw new IllegalStateException(
          "This kernel has no display stream like that of JJava or IJava: " + e, e);
    }
  }

  private void put(Map<String, String> bundle, Object context) throws ReflectiveOperationException {
    Class<?> mimeType = displayClass("mime.MIMEType");
    Method putIfRequested =
        displayClass("RenderContext").getMethod("renderIfRequested", mimeType, Supplier.class);
    for (Map.Entry<String, String> entry : bundle.entrySet()) {
      Object mime = mimeType.getMethod("parse", String.class).invoke(null, entry.getKey());
      putIfRequested.invoke(context, mime, (Supplier<Object>) entry::getValue);
    }
    if (bundle.containsKey(Rendering.PNG)) {
      call(
          call(context, "getOutputContainer"),
          "putMetaData",
          Rendering.PNG,
          Map.of("width", ChartImage.WIDTH));
    }
  }

  private Class<?> displayClass(String name) throws ClassNotFoundException {
    return Class.forName(packageName + "." + name, true, renderer.getClass().getClassLoader());
  }

  private static Object call(Object target, String name, Object... arguments) {
    for (Method method : target.getClass().getMethods()) {
      if (method.getName().equals(name) && accepts(method, arguments)) {
        try {
          method.setAccessible(true);
          return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
          throw e.getCause() instanceof RuntimeException cause
              ? cause
              : new IllegalStateException(e.getCause());
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    throw new IllegalStateException(
        target.getClass().getName() + " has no method " + name + " for these arguments");
  }

  private static boolean accepts(Method method, Object[] arguments) {
    Class<?>[] types = method.getParameterTypes();
    if (types.length != arguments.length) {
      return false;
    }
    for (int i = 0; i < types.length; i++) {
      if (!types[i].isInstance(arguments[i])) {
        return false;
      }
    }
    return true;
  }
}
