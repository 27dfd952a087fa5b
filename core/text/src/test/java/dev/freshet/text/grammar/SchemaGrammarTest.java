package dev.freshet.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

class SchemaGrammarTest {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .build();
  private static final ObjectReader VALUES = JSON.readerFor(Object.class);

  private static Map<String, @Nullable Object> schema(String json) {
    return JSON.readValue(json.replace('\'', '"'), new TypeReference<>() {});
  }

  private static boolean accepts(String schema, String value) {
    return Walks.accepts(Grammars.schema(schema(schema)), value.replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'boolean'}},'required':['a']} | {'a': 1} | {'b': true}",
        "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'boolean'}}} | {'b':true} | {'b':true,'a':1}",
        "{'type':'object','properties':{'a':{'type':'null'}}} | {} | {'c':null}",
        "{'type':'object','properties':{'a':{'type':'null'}},'additionalProperties':{'type':'integer'}} | {'a':null, 'c':3} | {'a':3}",
        "{'additionalProperties':{'type':'integer'}} | {'x':1,'y':2} | {'x':'1'}",
        "{'additionalProperties':{'type':'integer'}} | {} | {'x':1,}",
        "{'properties':{'a':{'type':'null'},'b':{'type':'null'},'c':{'type':'null'}},'required':['b']} | {'b':null, 'c':null} | {'a':null}",
        "{'properties':{'a':{'type':'null'},'b':{'type':'null'},'c':{'type':'null'},'d':{'type':'null'}}} | {'a':null,'d':null} | {'a':null,}",
        "{'enum':['ab','abc','b']} | 'abc' | 'a'",
        "{'type':'object'} | {'x':[1,{'y':null}]} | []",
        "{'type':'array','items':{'enum':[1,'a',null]},'minItems':2,'maxItems':3} | [1, 'a',null] | [1]",
        "{'type':'array','items':{'const':{'a':[1]}},'maxItems':0} | [] | [{'a':[1]}]",
        "{'type':'array','items':{'type':'boolean'},'minItems':1} | [true,false] | []",
        "{'prefixItems':[{'type':'integer'},{'type':'string'}],'minItems':2,'maxItems':2} | [1,'a'] | [1]",
        "{'prefixItems':[{'type':'integer'},{'type':'string'}]} | [1] | [1,'a',2]",
        "{'prefixItems':[{'type':'integer'}],'items':{'type':'null'}} | [1,null,null] | [null]",
        "{'prefixItems':[{'type':'integer'},{'type':'null'}],'items':{'type':'null'},'minItems':3,'maxItems':3} | [1,null,null] | [1,null]",
        "{'prefixItems':[{'type':'integer'},{'type':'null'}],'items':{'type':'null'},'maxItems':1} | [1] | [1,null]",
        "{'prefixItems':[{'type':'integer'}],'items':false} | [] | [1,1]",
        "{'type':'string','minLength':2,'maxLength':3} | 'a\\u00e9ü' | 'a'",
        "{'type':'string','pattern':'^a+b$'} | 'aab' | 'aabc'",
        "{'type':'string','pattern':'b'} | 'abc' | 'ac'",
        "{'type':'string','pattern':'^[^x]*$','maxLength':2} | 'a\\n' | 'abc'",
        "{'type':'string','format':'date'} | '2026-02-28' | '2026-02-31'",
        "{'type':'string','format':'uuid'} | '123e4567-e89b-12d3-a456-426614174000' | '123e4567'",
        "{'type':['integer','null']} | null | 'null'",
        "{'type':'integer','minimum':-12,'maximum':105} | 100 | 106",
        "{'type':'integer','minimum':-12,'maximum':105} | -12 | -13",
        "{'type':'integer','exclusiveMinimum':0} | 1 | 0",
        "{'type':'integer','exclusiveMaximum':10,'minimum':9} | 9 | 10",
        "{'type':'number'} | -0.5e-3 | 01",
        "{'type':'number','minimum':0,'maximum':1} | 0.95 | 1.01",
        "{'type':['number','null'],'exclusiveMinimum':0} | 0.001 | 0.0",
        "{'anyOf':[{'type':'integer'},{'type':'string','maxLength':0}]} | '' | true",
        "{'$defs':{'p':{'type':'object','properties':{'x':{'type':'number'}},'required':['x']}},'$ref':'#/$defs/p'} | {'x':1} | {}",
        "{'allOf':[{'type':'boolean'}],'title':'t'} | true | 1",
        "{} | {'a':[[{'b':1}]]} | nul",
      })
  void aSchemaAcceptsItsInstancesAndNoOthers(String schema, String instance, String other) {
    assertThat(accepts(schema, instance)).isTrue();
    assertThat(accepts(schema, other)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'not':{}} | /not: expected no keyword \"not\" (it is not supported)",
        "{'properties':{'a':{'if':{}}}} | /properties/a/if: expected no keyword \"if\"",
        "{'items':{'type':'string','format':'color'}} | /items/format: expected one of date, time",
        "{'type':'number','minimum':'1'} | /minimum: expected a number of at most 18 digits before the point and 17 after it, got no number",
        "{'type':'number','minimum':1e-20} | /minimum: expected a number of at most 18 digits",
        "{'type':'number','minimum':2,'exclusiveMaximum':2} | expected bounds that a number satisfies",
        "{'prefixItems':[{}],'minItems':2} | /minItems: expected at most 1, the number of items that the schema describes",
        "{'type':'thing'} | /type: expected a type of JSON, got \"thing\"",
        "{'$defs':{'a':{'anyOf':[{'$ref':'#/$defs/a'}]}},'$ref':'#/$defs/a'} | /$defs/a/anyOf/0/$ref: expected a recursive reference of which 2 levels are enough",
        "{'properties':{'next':{'$ref':'#'}},'required':['next']} | /properties/next/$ref: expected a recursive reference of which 2 levels are enough",
        "{'$defs':{'a':{'items':{'$ref':'#/$defs/a'},'not':{}}},'$ref':'#/$defs/a'} | /$defs/a/not: expected no keyword",
        "{'$ref':'#/$defs/b'} | /$ref: expected a reference to a part of the schema",
        "{'$ref':'http://x/y'} | /$ref: expected a reference to a part of the schema",
        "{'type':'object','anyOf':[{}]} | /type: expected no keyword \"type\" beside \"anyOf\"",
        "{'allOf':[{},{}]} | /allOf: expected one schema",
        "{'required':['a']} | /required: expected names of properties, got \"a\"",
        "{'type':'string','pattern':'(?=a)b'} | /pattern: expected a regular expression with a group without look-around",
        "{'type':'string','minLength':3,'maxLength':2} | /maxLength: expected at least minLength",
        "{'type':'string','minLength':70000} | expected a grammar of at most 131072 states",
        "{'type':'string','pattern':'^a$','minLength':2} | expected limits that a string satisfies together",
        "{'type':'integer','minimum':2,'maximum':1} | expected bounds that an integer satisfies",
      })
  void aSchemaThatIsNotSupportedIsRefusedByKeywordAndPlace(String schema, String message) {
    assertThatThrownBy(() -> Grammars.schema(schema(schema)))
        .isInstanceOf(GrammarException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aRecursiveSchemaAcceptsItsInstancesUpToEightLevels() {
    String list =
        "{'properties':{'n':{'type':'integer'},'next':{'anyOf':[{'$ref':'#'},{'type':'null'}]}},"
            + "'required':['n','next'],'additionalProperties':false}";
    assertThat(accepts(list, "{'n':1,'next':null}")).isTrue();
    assertThat(accepts(list, "{'n':1,'next':{'n':2, 'next':{'n':3,'next':null}}}")).isTrue();
    assertThat(accepts(list, "{'n':1,'next':{'n':2}}")).isFalse();
    assertThat(accepts(list, "{'n':1,'next':".repeat(8) + "null" + "}".repeat(8))).isTrue();
    assertThat(accepts(list, "{'n':1,'next':".repeat(9) + "null" + "}".repeat(9))).isFalse();
  }

  @Test
  void referencesThatDescribeEachOtherAreExpandedTogether() {
    String tree =
        "{'$defs':{'branch':{'type':'object','properties':{'leaves':{'type':'array','items':"
            + "{'$ref':'#/$defs/leaf'}}}},'leaf':{'anyOf':[{'type':'integer'},"
            + "{'$ref':'#/$defs/branch'}]}},'$ref':'#/$defs/branch'}";
    assertThat(accepts(tree, "{'leaves':[1,{'leaves':[{'leaves':[]}, {}]}]}")).isTrue();
    assertThat(accepts(tree, "{'leaves':[1,{'leaves':['1']}]}")).isFalse();
  }

  @Test
  void aRecursiveSchemaWithManyBranchesHasFewerLevels() {
    String tree =
        "{'properties':{'a':{'$ref':'#'},'b':{'$ref':'#'},'c':{'$ref':'#'},'d':{'$ref':'#'}},"
            + "'additionalProperties':false}";
    assertThat(accepts(tree, "{'a':{'b':{}},'d':{'c':{}}}")).isTrue();
    assertThat(accepts(tree, "{'a':{'x':{}}}")).isFalse();
  }

  @Test
  void aSchemaThatExplodesIsRefusedAndNoHang() {
    // The state of the automaton must remember which of the last 30 characters were an a.
    assertThatThrownBy(() -> Grammars.pattern(".*a.{30}")).isInstanceOf(GrammarException.class);
    for (String pattern : List.of("((a{1000}){1000}){1000}", "(a?){2800}", "(.?){1000}")) {
      assertThatThrownBy(() -> Grammars.pattern(pattern)).isInstanceOf(GrammarException.class);
    }
    Map<String, @Nullable Object> doubled = schema("{'type':'integer'}");
    for (int i = 0; i < 30; i++) {
      doubled = Map.of("anyOf", List.of(doubled, doubled));
    }
    Map<String, @Nullable Object> schema = doubled;
    assertThatThrownBy(() -> Grammars.schema(schema)).isInstanceOf(GrammarException.class);
  }

  @Test
  void aLargeSchemaOfManyOptionalPropertiesIsAGrammar() {
    Map<String, @Nullable Object> properties = new LinkedHashMap<>();
    for (int i = 0; i < 100; i++) {
      properties.put("field_" + i, schema("{'type':['string','integer','null']}"));
    }
    ByteGrammar grammar = Grammars.schema(Map.of("properties", properties));
    assertThat(Walks.accepts(grammar, "{\"field_3\": \"a\", \"field_99\": null}")).isTrue();
    assertThat(Walks.accepts(grammar, "{\"field_3\": \"a\", \"field_2\": null}")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void whatARandomWalkWritesIsAnInstance(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 15; i++) {
      RandomSchema made = new RandomSchema(random);
      Map<String, @Nullable Object> schema = made.root();
      ByteGrammar grammar = Grammars.schema(schema);
      for (int j = 0; j < 12; j++) {
        String text = Walks.random(grammar, random, 60);
        Object value = VALUES.readValue(text);
        assertThat(new SchemaRules(schema).holds(value)).as("%s of %s", text, schema).isTrue();
      }
    }
  }

  @Test
  void anObjectOfAnyKindIsJson() {
    ByteGrammar grammar = Grammars.jsonObject();
    assertThat(Walks.accepts(grammar, "{\"a\": [1, {\"b\": \"\\u00e9ü\"}, []], \"c\": -0.5e3}"))
        .isTrue();
    assertThat(Walks.accepts(grammar, "[]")).isFalse();
    assertThat(Walks.accepts(grammar, "{\"a\":[}")).isFalse();
    assertThat(Walks.accepts(grammar, "{\"a\":1}}")).isFalse();
    assertThat(Walks.accepts(grammar, "{\"a\":01}")).isFalse();
    assertThat(Walks.accepts(grammar, "{\"a\":\"\\ud800\"}")).isFalse();
    String deepest = "{\"\":".repeat(31) + "{}" + "}".repeat(31);
    assertThat(Walks.accepts(grammar, deepest)).isTrue();
    assertThat(Walks.accepts(grammar, "{\"\":" + deepest + "}")).isFalse();
    Random random = new Random(7);
    for (int i = 0; i < 100; i++) {
      String text = Walks.random(grammar, random, 80);
      assertThat(VALUES.<Object>readValue(text)).as(text).isInstanceOf(Map.class);
    }
  }

  @Test
  void textBeforeATagIsFree() {
    ByteGrammar grammar = Grammars.after("</think>", Grammars.choice(List.of("a", "b")));
    assertThat(Walks.accepts(grammar, "any <</think</think>b")).isTrue();
    assertThat(Walks.accepts(grammar, "any")).isTrue();
    assertThat(Walks.accepts(grammar, "any</think>c")).isFalse();
  }
}
