package org.coldstart.io.hub;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An answer's body, read while it comes. Unlike the stream java.net.http offers, reading ends when
 * the connection falls silent and when the reading thread is interrupted.
 */
final class IncomingBody implements BodySubscriber<IncomingBody>, Closeable {
  private static final Part END = new Part(List.of(), null);

  private final Duration silence;
  private final BlockingQueue<Part> parts = new LinkedBlockingQueue<>();
  private final Queue<ByteBuffer> buffers = new ArrayDeque<>();
  private final CompletableFuture<Subscription> subscription = new CompletableFuture<>();
  private boolean ended;

  /**
   * @param silence a connection on which nothing comes for so long counts as broken
   */
  IncomingBody(Duration silence) {
    this.silence = silence;
  }

  /**
   * The next bytes; null after the last ones.
   *
   * @throws InterruptedIOException if the thread was interrupted; its interrupt stays pending
   * @throws IOException if the connection broke or fell silent
   */
  ByteBuffer next() throws IOException {
    while (buffers.isEmpty() && !ended) {
      Part part = take();
      if (part.error() != null) {
        throw new IOException(part.error().getMessage(), part.error());
      }
      ended = part == END;
      buffers.addAll(part.buffers());
      if (!ended) {
        subscription.join().request(1);
      }
    }
    return buffers.poll();
  }

  /** All bytes, if there are not more than the limit; else null. */
  byte[] all(int limit) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuffer buffer = next(); buffer != null; buffer = next()) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      all.writeBytes(bytes);
      if (all.size() > limit) {
        return null;
      }
    }
    return all.toByteArray();
  }

  private Part take() throws IOException {
    try {
      Part part = parts.poll(silence.toMillis(), TimeUnit.MILLISECONDS);
      if (part == null) {
        throw new IOException("nothing came for " + silence.toSeconds() + " seconds");
      }
      return part;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public CompletionStage<IncomingBody> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Subscription started) {
    subscription.complete(started);
    started.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> content) {
    parts.add(new Part(content, null));
  }

  @Override
  public void onError(Throwable error) {
    parts.add(new Part(List.of(), error));
  }

  @Override
  public void onComplete() {
    parts.add(END);
  }

  /** Ends the exchange, if it goes on. */
  @Override
  public void close() {
    subscription.thenAccept(Subscription::cancel);
  }

  private record Part(List<ByteBuffer> buffers, Throwable error) {}
}
