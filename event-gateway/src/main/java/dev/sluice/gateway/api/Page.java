package dev.sluice.gateway.api;

import dev.sluice.chassis.Ids;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/// The live page under `/app/`: a handful of files from the class path, kept in memory. No inline script or style, nothing from elsewhere.
public final class Page {
  /// @param etag of the content
  private record File(String type, Buffer content, String etag) {}

  private static final List<String> PLACES = List.of("/app/", "/app/approvals", "/app/system/operations", "/app/fleet", "/app/events");
  private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8", "css", "text/css; charset=utf-8", "js",
      "text/javascript; charset=utf-8", "svg", "image/svg+xml");
  private static final List<String> ASSETS = List.of("app.css", "app.js", "api.js", "feed.js", "parts.js", "view.js", "icon.svg");
  private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
      + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private Page() {}

  /// Adds the page's routes.
  public static void routes(Router router) {
    var index = load("index.html");
    router.get("/").handler(context -> context.redirect("/app/"));
    for (var place : PLACES)
      router.get(place).handler(context -> send(context, index));
    // behind the places: it would take /app/ too
    router.get("/app").handler(context -> context.redirect("/app/"));
    for (var name : ASSETS) {
      var file = load(name);
      router.get("/app/assets/" + name).handler(context -> send(context, file));
    }
  }

  private static File load(String name) {
    try (var in = Page.class.getResourceAsStream("/web/" + name)) {
      if (in == null) throw new IllegalStateException("the build has no web/" + name);
      var bytes = in.readAllBytes();
      var etag = '"' + Ids.hex(Ids.sha256().digest(bytes)).substring(0, 20) + '"';
      return new File(TYPES.get(name.substring(name.lastIndexOf('.') + 1)), Buffer.buffer(bytes), etag);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void send(RoutingContext context, File file) {
    var response = context.response();
    response.putHeader("Content-Security-Policy", POLICY).putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Referrer-Policy", "no-referrer").putHeader("Cross-Origin-Opener-Policy", "same-origin")
        .putHeader("Cache-Control", "no-cache").putHeader("ETag", file.etag());
    if (file.etag().equals(context.request().getHeader("If-None-Match"))) response.setStatusCode(304).end();
    else
      response.putHeader("Content-Type", file.type()).end(file.content());
  }
}
