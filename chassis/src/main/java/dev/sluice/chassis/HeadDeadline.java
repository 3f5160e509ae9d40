package dev.sluice.chassis;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Ends a connection that owes a request for too long, however many bytes of one trickle in: the idle time of a server counts bytes, this counts requests. It
/// ends nothing while a request is under way.
final class HeadDeadline extends ChannelDuplexHandler {
  private final long wait;
  private int underWay;
  private long since = System.nanoTime();
  private Future<?> next;

  private HeadDeadline(Duration wait) {
    this.wait = wait.toNanos();
  }

  /// Watches a connection from its beginning.
  static void watch(HttpConnection connection, Duration wait) {
    var context = ((ConnectionBase) connection).channelHandlerContext();
    context.pipeline().addBefore(context.name(), "head-deadline", new HeadDeadline(wait));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) { lookLater(context); }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) { next.cancel(false); }

  private void lookLater(ChannelHandlerContext context) {
    next = context.executor().schedule(() -> look(context), wait / 4, TimeUnit.NANOSECONDS);
  }

  private void look(ChannelHandlerContext context) {
    if (underWay == 0 && System.nanoTime() - since >= wait) context.close();
    else
      lookLater(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest) underWay++;
    context.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    context.write(message, promise);
    // a request that opens a socket is told 101 and is under way as long as the socket
    boolean preliminary = message instanceof HttpResponse response && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
    if (!(message instanceof LastHttpContent) || preliminary) return;
    underWay--;
    since = System.nanoTime();
  }
}
