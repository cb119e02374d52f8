// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthCore

@Suite struct MCPMethodTests {
    @Test(arguments: [
        ("tools/call", "name", MCPMethod.Object.tool, true), ("prompts/get", "name", .prompt, true),
        ("resources/read", "uri", .resourceURI, true), ("resources/subscribe", "uri", .resourceURI, false),
        ("resources/unsubscribe", "uri", .resourceURI, false), ("tasks/get", "taskId", nil, false),
        ("tasks/update", "taskId", nil, false), ("tasks/cancel", "taskId", nil, false),
        ("tasks/result", "taskId", nil, false),
    ])
    func `a method that acts on something names it in one parameter`(
        name: String,
        parameter: String,
        object: MCPMethod.Object?,
        demandsField: Bool
    ) throws {
        let method = try #require(MCPMethod.acting(named: name))
        #expect(method.parameter == parameter && method.object == object && method.demandsNameField == demandsField)
    }

    @Test(arguments: ["ping", "tools/list", "tools/cal", "tools/call ", "Tools/call", "", "tools/calll"])
    func `any other name is not an acting method`(name: String) {
        #expect(MCPMethod.acting(named: name) == nil)
    }

    @Test func `no method is listed twice`() {
        let names = MCPMethod.known.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: [
        ("tools/cal", "did you mean `tools/call`"), ("tool/call", "did you mean `tools/call`"),
        ("Tools/List", "did you mean `tools/list`"),
        ("resources/tempaltes/list", "did you mean `resources/templates/list`"),
        ("initialise", "did you mean `initialize`"), ("subscription/listen", "did you mean `subscriptions/listen`"),
        ("notifications/progres", "did you mean `notifications/progress`"),
        ("create_note", "write `tools/call:create_note`"), ("tools/run", "expected `tools/call`, `tools/list`"),
        ("prompts/render", "expected `prompts/get`, `prompts/list`"),
    ])
    func `a name that is not an MCP method gets advice`(name: String, advice: String) throws {
        let mistake = try #require(MCPMethod.mistake(in: name))
        #expect(mistake.hasPrefix("`\(name)` is not an MCP method"))
        #expect(mistake.contains(advice), "\(mistake)")
    }

    @Test(arguments: ["tools/call", "acme/report", "com.example/do", "notifications/acme/happened"])
    func `methods of MCP and of extensions are not mistakes`(name: String) {
        #expect(MCPMethod.mistake(in: name) == nil)
    }

    @Test func `a duration in seconds keeps its fraction`() {
        #expect(Duration.milliseconds(12_345).inSeconds == 12.345)
        #expect(Duration.milliseconds(345).inSeconds == 0.345)
    }
}
