// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthPolicy

/// Arguments that are made to be expensive to compare, each with a policy that reads them.
enum HostileArguments: String, CaseIterable {
    case wide = "many members, 1,000 rules that read others"
    case spellings = "names that differ in case"
    case deep = "objects in objects, a pointer into them"
    case text = "one long text, a pattern of stars"
    case list = "a long list, within a list of the token"
    case allOf = "a long list, all of a list of the token"
    case escapes = "a name of escapes"

    private var rules: String {
        func rule(_ id: Int, _ condition: String) -> String {
            #"{"id":"r\#(id)","effect":"allow","tools":["t"],"when":\#(condition)}"#
        }
        return switch self {
        case .wide: (0..<1000).map { rule($0, #"{"argument":"/a\#($0)","equals":1}"#) }.joined(separator: ",")
        case .spellings: rule(0, #"{"argument":"/abcdefghijklmnopqrst","equals":1}"#)
        case .deep: rule(0, #"{"argument":"\#(String(repeating: "/a", count: 60))","equals":1}"#)
        case .text: rule(0, #"{"argument":"/a","glob":"\#(String(repeating: "*a", count: 200))"}"#)
        case .list: rule(0, #"{"argument":"/a","subset_of":{"claim":"/list"}}"#)
        case .allOf: rule(0, #"{"argument":"/a","contains_all":{"claim":"/list"}}"#)
        case .escapes: rule(0, #"{"argument":"/abc","equals":1}"#)
        }
    }

    func policy() throws -> PolicySet {
        let text = #"{"version":1,"rules":[\#(rules)]}"#
        return PolicySet([try CompiledPolicy(file: "hostile.json", bytes: Array(text.utf8))])
    }

    /// The text of the arguments, at most this long.
    func text(kilobytes: Int) -> [UInt8] {
        let size = kilobytes * 1024
        func filled(_ piece: (Int) -> String, _ open: String, _ close: String) -> String {
            var pieces: [String] = []
            var length = 0
            while length < size - 100 {
                pieces.append(piece(pieces.count))
                length += pieces[pieces.count - 1].utf8.count + 1
            }
            return open + pieces.joined(separator: ",") + close
        }
        let text =
            switch self {
            case .wide: filled({ #""b\#($0)":1"# }, "{", "}")
            case .spellings: filled({ #""\#(Self.spelling($0))":1"# }, "{", "}")
            case .deep:
                String(repeating: #"{"a":"#, count: 60) + #""\#(String(repeating: "x", count: size - 400))""#
                    + String(repeating: "}", count: 60)
            case .text: #"{"a":"\#(String(repeating: "a", count: size - 10))"}"#
            case .list, .allOf: filled({ "\($0)" }, #"{"a":["#, "]}")
            case .escapes: filled({ #""\u0061\u0062\#($0)":1"# }, "{", "}")
            }
        return Array(text.utf8)
    }

    /// One of the spellings of a name in upper and lower case.
    private static func spelling(_ number: Int) -> String {
        String(
            "abcdefghijklmnopqrst".enumerated().map { index, letter in
                number >> index & 1 == 1 ? Character(letter.uppercased()) : letter
            }
        )
    }
}
