package ai.djl.pytorch.jni;

import ai.djl.pytorch.engine.PtSymbolBlock;
import java.util.Arrays;

/**
 * Calls a TorchScript method with gradients switched on.
 *
 * <p>
 * DJL's public {@link IValueUtils#runMethod} always runs in inference mode, whose results autograd refuses. The native
 * call has a flag for it, but the flag is visible in this package only; this class is here for that one reason, and
 * {@code org.coldstart.torch} is its only caller.
 */
public final class ScriptMethod {

  private ScriptMethod() {}

  /**
   * Runs {@code method} of {@code module}; whether the result carries gradients is the thread's grad mode.
   *
   * @param arguments the method's arguments without {@code self}; they stay the caller's to close
   * @return the method's result, the caller's to close
   */
  public static IValue run(PtSymbolBlock module, String method, IValue... arguments) {
    long[] handles = Arrays.stream(arguments).mapToLong(IValue::getHandle).toArray();
    boolean train = true;
    boolean separateCudaStream = false;
    return new IValue(
        PyTorchLibrary.LIB.moduleRunMethod(module.getHandle(), method, handles, train, separateCudaStream));
  }
}
