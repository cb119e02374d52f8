// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
internal import CAllocations
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthPolicyTools

/// Twenty thousand MCP bodies of nested or wide garbage, sent with a good token.
enum BodyGarbage {
    private static let bodies = 20_000
    private static let limit = 4.0

    private enum Shape: String, CaseIterable {
        case numbers = "an array of numbers"
        case empties = "an array of empty arrays"
        case strings = "an array of short strings"
        case nestedArrays = "nested arrays, side by side"
        case nestedObjects = "nested objects, side by side"
        case wideObject = "an object of many members"
        case equalNames = "an object with one name again and again"
        case escapedNames = "an object of escaped names"
        case wideParameters = "parameters of many members"
        case longName = "the name of a tool without end"
        case escapedName = "an escaped name of a tool without end"
        case longNumber = "a number without end"
        case batch = "a batch of many messages"
        case noise = "bytes by chance"

        /// A body of about `size` bytes.
        func body(_ size: Int, _ random: inout SplitMix64) -> [UInt8] {
            func call(_ more: String) -> String {
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":\#(more)}}"#
            }
            func list(_ part: (Int) -> String, _ length: Int) -> String {
                (0..<max(1, size / length)).map(part).joined(separator: ",")
            }
            let text: String
            switch self {
            case .numbers: text = call("[" + list({ "\($0 % 10)" }, 2) + "]")
            case .empties: text = call("[" + list({ _ in "[]" }, 3) + "]")
            case .strings: text = call("[" + list({ "\"\($0 % 10)\"" }, 4) + "]")
            case .nestedArrays:
                let nest = String(repeating: "[", count: 250) + String(repeating: "]", count: 250)
                text = call("[" + list({ _ in nest }, 501) + "]")
            case .nestedObjects:
                let nest = String(repeating: #"{"":"#, count: 250) + "1" + String(repeating: "}", count: 250)
                text = call("[" + list({ _ in nest }, 1252) + "]")
            case .wideObject: text = call("{" + list({ "\"\(String($0, radix: 36))\":1" }, 8) + "}")
            case .equalNames: text = call("{" + list({ _ in "\"\":1" }, 5) + "}")
            case .escapedNames: text = call("{" + list({ "\"\\u0041\(String($0, radix: 36))\":1" }, 14) + "}")
            case .wideParameters:
                let members = list({ "\"\(String($0, radix: 36))\":1" }, 8)
                text = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a",\#(members)}}"#
            case .longName:
                text = #"{"method":"tools/call","params":{"name":"\#(String(repeating: "a", count: size))"}}"#
            case .escapedName:
                let name = String(repeating: "\\u0041", count: size / 6)
                text = #"{"method":"tools/call","params":{"name":"\#(name)"}}"#
            case .longNumber: text = call(String(repeating: "9", count: size))
            case .batch: text = "[" + list({ _ in #"{"method":"ping"}"# }, 18) + "]"
            case .noise: return (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
            return Array(text.utf8)
        }
    }

    /// - Returns: Whether reading a body never took more memory than the limit.
    static func run() async throws -> Bool {
        let requestGuard = try BoundsBenchmark.mcpAuth().requestGuard()
        var request = HTTPRequest(method: .post, scheme: "http", authority: "127.0.0.1", path: "/mcp")
        request.headerFields[.authorization] = "Bearer good"
        var random = SplitMix64(seed: 1)
        var worst: [Shape: (ratio: Double, bytes: Int)] = [:]
        for number in 0..<bodies {
            let shape = Shape.allCases[number % Shape.allCases.count]
            // Every hundredth body of a shape is about as large as a body may be.
            let size = number / Shape.allCases.count % 100 == 0 ? 1_048_000 : 4096 << (random.next() % 4)
            let body = shape.body(Int(size), &random)
            mcp_track_allocations(1)
            _ = await requestGuard.check(request, now: NumericDate.now) { limit in
                body.count <= limit ? .bytes(body) : .tooLarge
            }
            let peak = mcp_allocated_peak()
            mcp_track_allocations(0)
            let ratio = Double(peak) / Double(body.count)
            if ratio > worst[shape]?.ratio ?? 0 { worst[shape] = (ratio, body.count) }
        }
        print(
            "\(bodies) MCP bodies behind a good token, most memory taken to read one, by its size (limit \(Int(limit)) times):"
        )
        for shape in Shape.allCases {
            guard let (ratio, bytes) = worst[shape] else { continue }
            let rounded = Double(Int((ratio * 100).rounded(.up))) / 100
            print("  \(shape.rawValue): \(rounded) times \(bytes) bytes")
        }
        return worst.values.allSatisfy { $0.ratio <= limit }
    }
}
#endif
