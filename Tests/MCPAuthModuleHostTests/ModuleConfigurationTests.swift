// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

@Suite struct ModuleConfigurationTests {
    private static let schema = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "t", "type": "object",
          "required": ["url"],
          "properties": {
            "url": { "type": "string", "minLength": 3, "maxLength": 9, "description": "d", "format": "uri" },
            "port": { "type": "integer", "minimum": 1, "maximum": 65535 },
            "ratio": { "type": "number", "minimum": 0.5, "maximum": 1 },
            "mode": { "enum": ["fast", "safe", 3, null] },
            "always": { "const": true },
            "both": { "enum": [1, 2], "const": 2 },
            "neither": { "enum": [1, 2], "const": 3 },
            "maybe": { "type": ["boolean", "null"] },
            "hosts": { "type": "array", "minItems": 1, "maxItems": 2, "items": { "type": "string" } },
            "keys": { "type": "object", "additionalProperties": { "type": "string", "format": "path" } },
            "free": { "additionalProperties": true },
            "any": {},
            "store": { "type": "object", "required": ["file"], "additionalProperties": false,
                       "properties": { "file": { "type": "string", "format": "path" } } },
            "ca": { "format": "path" }
          }
        }
        """

    private static func check(_ text: String) throws -> JSON {
        let configuration = JSON(try JSONDocument(parsing: Array(text.utf8), limits: .file).root)
        return try ModuleSchema(text: schema).resolved(configuration, at: .root) { "/etc/mcp/" + $0 }
    }

    @Test(arguments: [
        (#""url":5"#, "MA004", "/url", "`config/url` is a whole number, expected a string"),
        (#""url":null"#, "MA004", "/url", "`config/url` is null, expected a string"),
        (#""url":"ab""#, "MA005", "/url", "`config/url` has 2 characters, expected at least 3"),
        (#""url":"abcdefghij""#, "MA005", "/url", "`config/url` has 10 characters, expected at most 9"),
        (#""port":"80""#, "MA004", "/port", "`config/port` is a string, expected a whole number"),
        (#""port":80.0"#, "MA004", "/port", "`config/port` is a number, expected a whole number"),
        (#""port":0"#, "MA005", "/port", "`config/port` is less than 1"),
        (#""port":65536"#, "MA005", "/port", "`config/port` is more than 65535"),
        (#""port":true"#, "MA004", "/port", "`config/port` is true or false, expected a whole number"),
        (#""ratio":0.49"#, "MA005", "/ratio", "`config/ratio` is less than 0.5"),
        (#""ratio":2"#, "MA005", "/ratio", "`config/ratio` is more than 1"),
        (
            #""mode":"fsat""#, "MA005", "/mode",
            "`config/mode` has a value that is not allowed, expected one of `fast`, `safe`, 3, null, did you mean `fast`"
        ),
        (
            #""mode":3.0"#, "MA005", "/mode",
            "`config/mode` has a value that is not allowed, expected one of `fast`, `safe`, 3, null"
        ),
        (#""always":false"#, "MA005", "/always", "`config/always` has a value that is not allowed, expected true"),
        (#""both":1"#, "MA005", "/both", "`config/both` has a value that is not allowed, expected 2"),
        (#""neither":3"#, "MA005", "/neither", "`config/neither` has a value that is not allowed, expected one of "),
        (#""maybe":"no""#, "MA004", "/maybe", "`config/maybe` is a string, expected true or false or null"),
        (#""hosts":"a""#, "MA004", "/hosts", "`config/hosts` is a string, expected an array"),
        (#""hosts":[]"#, "MA005", "/hosts", "`config/hosts` has 0 elements, expected at least 1"),
        (#""hosts":["a","b","c"]"#, "MA005", "/hosts", "`config/hosts` has 3 elements, expected at most 2"),
        (#""hosts":["a",1]"#, "MA004", "/hosts/1", "`config/hosts/1` is a whole number, expected a string"),
        (#""keys":{"a/b":1}"#, "MA004", "/keys/a~1b", "`config/keys/a~1b` is a whole number, expected a string"),
        (#""store":{}"#, "MA003", "/store", "missing key `file` in `config/store`"),
        (
            #""store":{"file":"f","fiel":1}"#, "MA002", "/store/fiel",
            "unknown key `fiel` in `config/store`, did you mean `file`"
        ),
        (#""store":{"file":{}}"#, "MA004", "/store/file", "`config/store/file` is an object, expected a string"),
        (#""description":1"#, "MA002", "/description", "unknown key `description` in `config`"),
    ])
    func `a value that the schema does not allow is refused with its position`(
        member: String,
        code: String,
        place: String,
        message: String
    ) throws {
        let rest = member.hasPrefix(#""url""#) ? "" : #", "url": "https""#
        let mistake = #expect(throws: ModuleSchema.Mistake.self) { try Self.check("{\(member)\(rest)}") }
        #expect(mistake?.code.description == code)
        #expect(mistake?.place.description == place)
        #expect(mistake?.message.hasPrefix(message) == true, "\(mistake?.message ?? "")")
    }

    @Test func `a missing key is reported for the object that lacks it`() throws {
        let mistake = #expect(throws: ModuleSchema.Mistake.self) { try Self.check("{}") }
        #expect(mistake?.message == "missing key `url` in `config`")
    }

    @Test(arguments: [
        (#""port":1"#, #""port":1"#), (#""port":65535"#, #""port":65535"#), (#""ratio":0.5"#, #""ratio":0.5"#),
        (#""ratio":1"#, #""ratio":1"#), (#""mode":null"#, #""mode":null"#), (#""mode":3"#, #""mode":3"#),
        (#""always":true"#, #""always":true"#), (#""both":2"#, #""both":2"#), (#""maybe":null"#, #""maybe":null"#),
        (#""hosts":["a","b"]"#, #""hosts":["a","b"]"#), (#""free":{"x":[1]}"#, #""free":{"x":[1]}"#),
        (#""any":[{}]"#, #""any":[{}]"#), (#""any":"p""#, #""any":"p""#), (#""ca":"x.pem""#, #""ca":"/etc/mcp/x.pem""#),
        (#""ca":5"#, #""ca":5"#), (#""store":{"file":"s"}"#, #""store":{"file":"/etc/mcp/s"}"#),
        (#""keys":{"k":"p"}"#, #""keys":{"k":"/etc/mcp/p"}"#), (#""description":"why""#, ""),
        (#""store":{"$comment":"c","file":"s"}"#, #""store":{"file":"/etc/mcp/s"}"#),
    ])
    func `values that the schema allows reach the module, with paths resolved and without comments`(
        member: String,
        expected: String
    ) throws {
        let found = try Self.check(#"{\#(member),"url":"abc"}"#)
        let members = [expected, #""url":"abc""#].filter { !$0.isEmpty }.sorted()
        #expect(String(decoding: found.encoded(), as: UTF8.self) == "{\(members.joined(separator: ","))}")
    }

    @Test(arguments: [
        ("{", "is not valid JSON"), ("[]", "the schema is not an object"),
        (#"{"type":"float"}"#, "`/type` must be one"),
        (#"{"type":[]}"#, "`/type` must be one"), (#"{"type":5}"#, "`/type` must be a string"),
        (#"{"properties":[]}"#, "`/properties` must be an object"),
        (#"{"properties":{"a":true}}"#, "`/properties/a` is not an object"),
        (#"{"properties":{"a":{"pattern":"x"}}}"#, "`/properties/a/pattern` is not one of the keywords"),
        (#"{"allOf":[]}"#, "`/allOf` is not one of the keywords that are enforced: "),
        (#"{"$ref":"x"}"#, "`/$ref` is not one"), (#"{"exclusiveMinimum":1}"#, "`/exclusiveMinimum` is not one"),
        (#"{"minimum":"1"}"#, "`/minimum` must be a number"), (#"{"minLength":-1}"#, "`/minLength` must be a whole"),
        (#"{"minItems":2,"maxItems":1}"#, "`/maxItems` is less than `minItems`"),
        (#"{"enum":"a"}"#, "`/enum` must be an array"), (#"{"required":[1]}"#, "`/required` must be a string or"),
        (#"{"additionalProperties":1}"#, "`/additionalProperties` is not an object"),
        (#"{"items":[]}"#, "`/items` is not an object"),
    ])
    func `a schema with an unsupported keyword or a mistake is refused when it is loaded`(
        schema: String,
        message: String
    ) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.library(try Modules.compile(schema: schema))
        }
        #expect(error?.code == .moduleRefused)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func `an unknown key is reported with a suggestion or the expected keys`() throws {
        let library = try Modules.library(Modules.hmac)
        let unknown = #expect(throws: ModuleConfiguration.Mistake.self) {
            try Modules.verifier(library, ["key": "k", "scpoe": "s"])
        }
        #expect(unknown?.message == "unknown key `scpoe` in `config`, did you mean `scope`")
        #expect(unknown?.isAboutName == true)
        let far = #expect(throws: ModuleConfiguration.Mistake.self) {
            try Modules.verifier(library, ["key": "demo", "scope": "s", "endpoint": "x"])
        }
        #expect(far?.message == "unknown key `endpoint` in `config`, expected one of `key`, `scope`")
        let none = #expect(throws: ModuleConfiguration.Mistake.self) {
            try Modules.verifier(try Modules.library(try Modules.compile()), ["a": 1])
        }
        #expect(none?.message == "unknown key `a` in `config`, this module has no keys there")
        let other = #expect(throws: ModuleConfiguration.Mistake.self) { try Modules.verifier(library, "text") }
        #expect(other?.message == "`config` must be an object")
    }

    @Test func `the first report of validate is the mistake, with its characters kept`() throws {
        let functions = """
            static void validate(const char *config, size_t length, void *context,
                                 void (*report)(void *, mcp_auth_bytes, mcp_auth_bytes)) {
                mcp_auth_bytes pointer = { "/a", 2 }, first = { "zu groß `x`\\n", 13 }, second = { "other", 5 };
                if (length != 2 || memcmp(config, "{}", 2) != 0) return;
                report(context, pointer, first);
                report(context, pointer, second);
            }
            """
        let library = try Modules.library(try Modules.compile(change: ".validate = validate", functions: functions))
        let error = #expect(throws: ModuleConfiguration.Mistake.self) { try Modules.verifier(library) }
        #expect(error?.code == .invalidValue)
        #expect(error?.message == #"`config/a`: zu groß `x`\u{A}"#)
        #expect(error?.place.description == "/a")
    }

    @Test func `create gets the whole configuration as JSON, and its strings by name`() throws {
        let create = #"""
            char text[64] = "";
            const char expected[] = "{\"file\":\"/etc/mcp/data\",\"number\":7}";
            if (length != sizeof expected - 1 || memcmp(config, expected, length) != 0) return 1;
            if (host->config_string(host, (mcp_auth_bytes){"file", 4}, text, 13) != 13) return 2;
            if (strcmp(text, "/etc/mcp/data") != 0) return 3;
            if (host->config_string(host, (mcp_auth_bytes){"file", 4}, text, 12) != -1) return 4;
            if (host->config_string(host, (mcp_auth_bytes){"number", 6}, text, 64) != -1) return 5;
            if (host->config_string(host, (mcp_auth_bytes){"fil", 3}, text, 64) != -1) return 6;
            if (host->config_string(host, (mcp_auth_bytes){"file", 4}, NULL, 64) != -1) return 7;
            if (host->config_string(host, (mcp_auth_bytes){"file", SIZE_MAX}, text, 64) != -1) return 8;
            if (host->secret_get(host, (mcp_auth_bytes){"demo", 4}, text, 31) != -1) return 9;
            if (host->secret_get(host, (mcp_auth_bytes){"demo", 4}, text, 32) != 32) return 10;
            if (host->secret_get(host, (mcp_auth_bytes){"dem", 3}, text, 64) != -1) return 11;
            if (host->secret_get(host, (mcp_auth_bytes){NULL, 4}, text, 64) != -1) return 12;
            """#
        let schema = #"{"properties":{"file":{"type":"string","format":"path"},"number":{"type":"integer"}}}"#
        let library = try Modules.library(try Modules.compile(schema: schema, create: create))
        _ = try Modules.verifier(library, ["file": "data", "number": 7])
    }

    @Test func `the last error that a module logs in create is the reason, with its characters kept`() throws {
        let library = try Modules.library(Modules.hmac)
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(library, ["key": "short", "scope": "s"])
        }
        #expect(error?.message.contains("32 to 256 bytes") == true)
        let own = #"""
            host->log(host, MCP_AUTH_LOG_ERROR, "first", 5);
            host->log(host, MCP_AUTH_LOG_ERROR, "Schlüssel fehlt\t", 17);
            host->log(host, MCP_AUTH_LOG_WARNING, "later", 5);
            return 1;
            """#
        let other = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(try Modules.library(try Modules.compile(create: own)))
        }
        #expect(other?.message == #"the module `test` cannot be configured: Schlüssel fehlt\u{9}"#)
        let silent = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(try Modules.library(try Modules.compile(create: "return -1;")))
        }
        #expect(silent?.code == .moduleRefused)
    }

    @Test(arguments: [true, false])
    func `a module that does not return from validate or create is refused`(isCreate: Bool) throws {
        var limits = ModuleLimits()
        limits.setupSeconds = 0.02
        let forever = "for (;;) usleep(100000);"
        let functions = """
            static void validate(const char *config, size_t length, void *context,
                                 void (*report)(void *, mcp_auth_bytes, mcp_auth_bytes)) { \(forever) }
            """
        let path =
            isCreate
            ? try Modules.compile(create: forever)
            : try Modules.compile(change: ".validate = validate", functions: functions)
        let library = try Modules.library(path)
        let message = "did not return within 0.02 seconds"
        #expect {
            try Modules.verifier(library, limits: limits)
        } throws: { error in
            (error as? ConfigurationError)?.message.contains(message) ?? (error as? ModuleConfiguration.Mistake)?
                .message.contains(message) ?? false
        }
    }
}
