package dev.sluice.chassis;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.sluice.contract.Fault;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.OutputFormat;
import io.vertx.json.schema.OutputUnit;
import io.vertx.json.schema.Validator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/// A service's OpenAPI 3.1 document: its operations, and what does not fit them. The document is the only place where the shape of an input is written;
/// a JSON Schema library judges, this class only puts the faults into words: the field, what it must be, what was given, all at once.
public final class OpenApi {
  /// One operation. `path` is in Vert.x notation (`/v1/rollouts/:id`).
  public record Operation(String id, String method, String path, String permission, List<Parameter> ids, List<Parameter> query,
      List<Parameter> headers, JsonObject bodySchema, boolean bodyRequired) {}

  /// A parameter of the path, the query or the head.
  public record Parameter(String name, boolean required, JsonObject schema) {}

  /// How a document says that a text needs something to read in it, a space of any alphabet being none.
  private static final String NOT_BLANK = "[^\\s\\p{Z}\\p{C}]";
  private static final int MANY = 5_000;
  private static final int DEEP = 32;
  /// How many faults of a body are told, at most.
  private static final int TOLD = 100;
  /// What the validator says of a thing because of a part of it, which it names too.
  private static final Pattern OF_A_PART = Pattern.compile("/(properties|additionalProperties|propertyNames|items|required)\\z");
  private static final List<String> METHODS = List.of("get", "put", "post", "delete", "patch", "head");
  private final String text;
  private final List<Operation> operations = new ArrayList<>();
  private final Map<String, Validator> validators = new LinkedHashMap<>();

  private OpenApi(String text, JsonObject document) {
    this.text = text;
    var root = resolve(document, document).getJsonObject("paths");
    for (var path : root.fieldNames()) {
      var item = root.getJsonObject(path);
      for (var method : METHODS)
        if (item.containsKey(method)) add(path, method, item.getJsonArray("parameters", new JsonArray()), item.getJsonObject(method));
    }
  }

  /// Reads a document from the class path.
  public static OpenApi load(String resource) {
    try (var in = OpenApi.class.getClassLoader().getResourceAsStream(resource)) {
      if (in == null) throw new IllegalArgumentException("there is no " + resource);
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new OpenApi(text, new JsonObject(new YAMLMapper().readValue(text, new TypeReference<Map<String, Object>>() {
      })));
    } catch (IOException e) {
      throw new UncheckedIOException(resource, e);
    }
  }

  public String text() { return text; }

  public List<Operation> operations() { return List.copyOf(operations); }

  private void add(String path, String method, JsonArray shared, JsonObject operation) {
    var parameters = new ArrayList<JsonObject>();
    for (var list : List.of(shared, operation.getJsonArray("parameters", new JsonArray())))
      list.forEach(parameter -> parameters.add((JsonObject) parameter));
    var body = operation.getJsonObject("requestBody", new JsonObject());
    var content = body.getJsonObject("content", new JsonObject());
    var type = content.isEmpty() ? null : content.fieldNames().iterator().next();
    var schema = "application/json".equals(type) ? content.getJsonObject(type).getJsonObject("schema") : null;
    var id = operation.getString("operationId");
    operations.add(new Operation(id, method.toUpperCase(java.util.Locale.ROOT), path.replaceAll("\\{(\\w+)}", ":$1"),
        operation.getString("x-permission", "admin"), in("path", parameters), in("query", parameters), in("header", parameters), schema,
        body.getBoolean("required", false)));
    if (schema != null) validators.put(id, validator(schema));
  }

  private static List<Parameter> in(String place, List<JsonObject> parameters) {
    return parameters.stream().filter(p -> p.getString("in").equals(place))
        .map(p -> new Parameter(p.getString("name"), p.getBoolean("required", false), p.getJsonObject("schema"))).toList();
  }

  private static Validator validator(JsonObject schema) {
    return Validator.create(JsonSchema.of((JsonObject) toTheEnd(schema)),
        new JsonSchemaOptions().setBaseUri("https://sluice.dev/").setDraft(Draft.DRAFT202012).setOutputFormat(OutputFormat.Basic));
  }

  /// The same schema for Java's patterns, where `$` would let a line break pass at the end.
  private static Object toTheEnd(Object node) {
    if (node instanceof JsonArray array) return new JsonArray(array.stream().map(OpenApi::toTheEnd).toList());
    if (!(node instanceof JsonObject object)) return node;
    var copy = new JsonObject();
    for (var member : object)
      copy.put(member.getKey(), member.getKey().equals("pattern") && member.getValue() instanceof String pattern && pattern.endsWith("$")
          ? pattern.substring(0, pattern.length() - 1) + "\\z"
          : toTheEnd(member.getValue()));
    return copy;
  }

  /// What is wrong with a line of a stream, by the body of the operation that takes it alone; empty if it fits.
  public List<Fault> faults(String operationId, Map<String, Object> line) {
    var operation = operations.stream().filter(o -> o.id().equals(operationId)).findFirst().orElseThrow();
    return faults(operation, new JsonObject(line));
  }

  /// What is wrong with a body; empty if it fits.
  public List<Fault> faults(Operation operation, Object body) {
    if (left(body, DEEP, MANY) < 0)
      return List.of(new Fault("body", "must have at most " + MANY + " values, in each other at most " + DEEP + " deep", null));
    var faults = new TreeMap<String, Fault>();
    if (!names("", body, faults)) return told(faults);
    var result = validators.get(operation.id()).validate(body);
    boolean fits = Boolean.TRUE.equals(result.getValid());
    if (!fits && result.getErrors() != null) for (var error : result.getErrors())
      describe(operation.bodySchema(), body, error, faults);
    texts("", body, faults);
    whole(operation.bodySchema(), "", body, faults);
    if (!fits && faults.isEmpty()) faults.put("body", new Fault("body", "does not fit the operation " + operation.id(), null));
    return told(faults);
  }

  /// How many of `room` values are left behind a value and all in it; negative where there is no room, or it goes too deep. What it takes to judge a body grows
  /// faster than its values.
  private static int left(Object value, int depth, int room) {
    var parts = value instanceof JsonObject object
        ? object.getMap().values()
        : value instanceof JsonArray array
            ? array.getList()
            : value instanceof Map<?, ?> map ? map.values() : value instanceof List<?> list ? list : List.of();
    int left = depth < 0 ? -1 : room - 1;
    for (var part : parts)
      if (left >= 0) left = left(part, depth - 1, left);
    return left;
  }

  private static List<Fault> told(Map<String, Fault> faults) {
    var told = new ArrayList<>(faults.values().stream().limit(TOLD).toList());
    if (faults.size() > TOLD) told.add(new Fault("body", "has " + (faults.size() - TOLD) + " more faults", null));
    return List.copyOf(told);
  }

  /// Refuses what no database text and no UTF-8 can hold, in names; `false` where there is one, and then nothing can be said by its name.
  private static boolean names(String name, Object value, Map<String, Fault> faults) {
    boolean all = true;
    if (value instanceof JsonObject object) for (var member : object) {
      boolean fits = storable(member.getKey()) && member.getKey().chars().noneMatch(Character::isISOControl);
      if (!fits)
        faults.put(name,
            new Fault(name.isEmpty() ? "body" : name, "has a field whose name " + NOT_STORABLE + ", nor a control character", null));
      all &= fits && names(inner(name, member.getKey()), member.getValue(), faults);
    }
    else if (value instanceof JsonArray array)
      for (int i = 0; i < array.size(); i++)
      all &= names(inner(name, i), array.getValue(i), faults);
    return all;
  }

  /// The same in values.
  private static void texts(String name, Object value, Map<String, Fault> faults) {
    if (value instanceof String text && !storable(text)) faults.put(name, new Fault(name, NOT_STORABLE, null));
    else if (value instanceof JsonObject object) object.forEach(member -> texts(inner(name, member.getKey()), member.getValue(), faults));
    else if (value instanceof JsonArray array)
      for (int i = 0; i < array.size(); i++)
      texts(inner(name, i), array.getValue(i), faults);
  }

  /// Refuses 20.0, say, where a whole number is asked for: for a JSON Schema it is one.
  private static void whole(JsonObject schema, String name, Object value, Map<String, Fault> faults) {
    if (schema == null) return;
    if (value instanceof JsonObject object) {
      object.forEach(member -> whole(member(schema, member.getKey()), inner(name, member.getKey()), member.getValue(), faults));
    } else if (value instanceof JsonArray array) {
      for (int i = 0; i < array.size(); i++)
        whole(schema.getJsonObject("items"), inner(name, i), array.getValue(i), faults);
    } else if (value instanceof Double && "integer".equals(schema.getValue("type")))
      faults.putIfAbsent(name, new Fault(name, mustBe(schema), plain(value)));
  }

  /// The schema of a field; null where there is no such field.
  private static JsonObject member(JsonObject schema, String field) {
    var own = schema.getJsonObject("properties", new JsonObject()).getJsonObject(field);
    return own == null && schema.getValue("additionalProperties") instanceof JsonObject free ? free : own;
  }

  private static String inner(String name, Object step) { return name.isEmpty() ? step.toString() : name + "." + step; }

  private static final String NOT_STORABLE = "must hold neither the character U+0000 nor half of a surrogate pair";

  private static boolean storable(String text) {
    return text.codePoints().noneMatch(c -> c == 0 || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
  }

  private static void describe(JsonObject schema, Object body, OutputUnit error, Map<String, Fault> faults) {
    var place = error.getInstanceLocation() == null ? "" : error.getInstanceLocation().replaceFirst("^#/?", "");
    var at = schema;
    Object value = body;
    var name = new StringBuilder();
    for (var encoded : place.isEmpty() ? new String[0] : place.split("/")) {
      var step = decoded(encoded);
      if (String.valueOf(error.getKeywordLocation()).contains("/propertyNames/")
          && badName(at, value, inner(name.toString(), step), step, faults))
        return;
      if (value instanceof JsonObject object) {
        value = object.getValue(step);
        at = member(at, step);
      } else if (value instanceof JsonArray array) {
        value = array.getValue(Integer.parseInt(step));
        at = at.getJsonObject("items");
      }
      name.append(name.isEmpty() ? "" : ".").append(step);
      if (at == null) {
        faults.put(name.toString(), new Fault(name.toString(), "is not a field here", plain(value)));
        return;
      }
    }
    var prefix = name.isEmpty() ? "" : name + ".";
    if (value instanceof JsonObject object) {
      var properties = at.getJsonObject("properties", new JsonObject());
      for (var required : at.getJsonArray("required", new JsonArray())) {
        if (object.containsKey((String) required)) continue;
        faults.put(prefix + required,
            new Fault(prefix + required, "is required: it " + mustBe(properties.getJsonObject((String) required)), null));
      }
      if (Boolean.FALSE.equals(at.getValue("additionalProperties"))) {
        for (var field : object.fieldNames()) {
          if (!properties.containsKey(field))
            faults.put(prefix + field, new Fault(prefix + field, "is not a field here", plain(object.getValue(field))));
        }
      }
    }
    if (OF_A_PART.matcher(String.valueOf(error.getKeywordLocation())).find()) return;
    var field = name.isEmpty() ? "body" : name.toString();
    faults.putIfAbsent(field, new Fault(field, mustBe(at), plain(value)));
  }

  /// Whether an object's own name does not fit, and not what it names.
  private static boolean badName(JsonObject at, Object value, String field, String step, Map<String, Fault> faults) {
    var names = at.getJsonObject("propertyNames");
    if (names == null || !(value instanceof JsonObject object) || !object.containsKey(step)) return false;
    faults.put(field, new Fault(field, "as a name " + mustBe(names), step));
    return true;
  }

  /// A step of a JSON Pointer in an URI's fragment, as it was.
  private static String decoded(String step) {
    return URLDecoder.decode(step.replace("+", "%2B"), StandardCharsets.UTF_8).replace("~1", "/").replace("~0", "~");
  }

  /// Adds what does not fit of the head's parameters to `faults`.
  void headers(Operation operation, UnaryOperator<String> given, List<Fault> faults) {
    for (var parameter : operation.headers()) {
      var text = given.apply(parameter.name());
      if (text != null) value(parameter, text, faults);
    }
  }

  /// Adds what does not fit of the path's ids to `faults`.
  void ids(Operation operation, Map<String, String> given, List<Fault> faults) {
    for (var parameter : operation.ids())
      value(parameter, given.get(parameter.name()), faults);
  }

  /// The query's values, coerced to their types; faults are added to `faults`.
  Map<String, Object> query(Operation operation, io.vertx.core.MultiMap given, List<Fault> faults) {
    var values = new LinkedHashMap<String, Object>();
    for (var name : given.names()) {
      var parameter = operation.query().stream().filter(p -> p.name().equals(name)).findFirst();
      if (parameter.isEmpty()) faults.add(new Fault(name, "is not a parameter here", given.get(name)));
      else if (given.getAll(name).size() > 1) faults.add(new Fault(name, "must be given once", given.getAll(name)));
    }
    for (var parameter : operation.query()) {
      var text = given.get(parameter.name());
      if (text == null) {
        if (parameter.required()) faults.add(new Fault(parameter.name(), "is required: it " + mustBe(parameter.schema()), null));
        continue;
      }
      var value = value(parameter, text, faults);
      if (value != null) values.put(parameter.name(), value);
    }
    return values;
  }

  /// A parameter's value; null, and a fault, where it does not fit.
  private static Object value(Parameter parameter, String text, List<Fault> faults) {
    var value = text == null ? null : coerce(parameter.schema().getString("type", "string"), text);
    if (value != null && storable(text) && Boolean.TRUE.equals(validator(parameter.schema()).validate(value).getValid())) return value;
    faults.add(new Fault(parameter.name(), mustBe(parameter.schema()), text));
    return null;
  }

  private static Object coerce(String type, String text) {
    return switch (type) {
      case "integer" -> text.matches("-?\\d{1,9}") ? Integer.valueOf(text) : null;
      case "boolean" -> text.equals("true") || text.equals("false") ? Boolean.valueOf(text) : null;
      default -> text;
    };
  }

  /// What a value must be, for people: `must be an integer from 1 to 100`.
  static String mustBe(JsonObject schema) {
    if (schema == null) return "must fit the document";
    if (schema.containsKey("enum"))
      return "must be one of " + String.join(", ", schema.getJsonArray("enum").stream().map(String::valueOf).toList());
    if (schema.containsKey("const")) return "must be " + schema.getValue("const");
    var type = schema.getValue("type") instanceof JsonArray several
        ? String.join(" or ", several.stream().map(String::valueOf).toList())
        : schema.getString("type", "value");
    var number = schema.containsKey("minimum")
        ? schema.containsKey("maximum")
            ? " from " + schema.getValue("minimum") + " to " + schema.getValue("maximum")
            : " of at least " + schema.getValue("minimum")
        : schema.containsKey("maximum") ? " of at most " + schema.getValue("maximum") : "";
    var length = schema.containsKey("maxLength")
        ? " of " + schema.getInteger("minLength", 0) + " to " + schema.getInteger("maxLength") + " characters"
        : schema.getInteger("minLength", 0) > 0 ? " that is not empty" : "";
    var items = range(schema, "minItems", "maxItems", Boolean.TRUE.equals(schema.getBoolean("uniqueItems")) ? " different items" : " items")
        + range(schema, "minProperties", "maxProperties", " fields");
    var wanted = schema.getString("pattern");
    var pattern = wanted == null ? "" : wanted.equals(NOT_BLANK) ? " that is not blank" : " that matches " + wanted;
    return "must be " + (type.matches("[aeio].*") ? "an " : "a ") + type + number + length + items + pattern;
  }

  /// How many a thing must have, for people; empty where the document does not say.
  private static String range(JsonObject schema, String least, String most, String what) {
    if (schema.containsKey(most)) return " of " + schema.getInteger(least, 0) + " to " + schema.getInteger(most) + what;
    return schema.containsKey(least) ? " of at least " + schema.getInteger(least) + what : "";
  }

  private static Object plain(Object value) {
    return value instanceof JsonObject o ? o.getMap() : value instanceof JsonArray a ? a.getList() : value;
  }

  private static JsonObject resolve(JsonObject node, JsonObject root) { return (JsonObject) resolved(node, root, 0); }

  private static Object resolved(Object node, JsonObject root, int depth) {
    if (depth > 64) throw new IllegalArgumentException("the document refers to itself");
    if (node instanceof JsonArray array) {
      var copy = new JsonArray();
      for (var item : array)
        copy.add(resolved(item, root, depth + 1));
      return copy;
    }
    if (!(node instanceof JsonObject object)) return node;
    if (object.getValue("$ref") instanceof String reference) {
      Object target = root;
      for (var step : reference.substring(2).split("/"))
        target = ((JsonObject) target).getValue(step);
      if (target == null) throw new IllegalArgumentException("the document has no " + reference);
      return resolved(target, root, depth + 1);
    }
    var copy = new JsonObject();
    for (var entry : object)
      copy.put(entry.getKey(), resolved(entry.getValue(), root, depth + 1));
    return copy;
  }
}
