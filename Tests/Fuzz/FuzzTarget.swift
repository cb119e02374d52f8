// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import MCPAuthConcurrency

/// One reader of untrusted bytes, and what it promises for every input.
protocol FuzzTarget: Sendable {
    /// Inputs to begin with, well-formed and hostile.
    static func seeds() throws -> [[UInt8]]

    init() throws

    /// Reads one input; ends the program when a promise is broken.
    func check(_ input: [UInt8])
}

enum FuzzTargets {
    struct Unknown: Error {
        let name: String
    }

    static func named(_ name: String) throws -> any FuzzTarget.Type {
        switch name {
        case "json": return JSONTarget.self
        case "base64url": return Base64URLTarget.self
        case "jws": return JWSTarget.self
        case "jwk-set": return JWKSetTarget.self
        case "request": return RequestTarget.self
        case "introspection": return IntrospectionTarget.self
        case "policy": return PolicyTarget.self
        case "exchange": return ExchangeTarget.self
        default: throw Unknown(name: name)
        }
    }

    static func writeSeeds(of name: String, to directory: String) throws {
        let seeds = try Set(named(name).seeds()).filter { !$0.isEmpty }
        for (number, seed) in seeds.sorted(by: { $0.lexicographicallyPrecedes($1) }).enumerated() {
            try Data(seed).write(to: URL(filePath: "\(directory)/seed-\(number)"))
        }
    }
}

/// Ends the program if a promise is broken; libFuzzer then reports the input.
func promise(_ isKept: Bool, _ what: @autoclosure () -> String) {
    if !isKept { fatalError("broken promise: \(what())") }
}

/// Waits for the result of an asynchronous function.
func waiting<Value: Sendable>(for make: @escaping @Sendable () async -> Value) -> Value {
    let result = Lock<Value?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        let value = await make()
        result.withLock { $0 = value }
        done.signal()
    }
    done.wait()
    guard let value = result.withLock({ $0 }) else { fatalError("nothing came back") }
    return value
}

extension String {
    /// Whether both are the same bytes; `==` is also true for canonically equivalent strings.
    func isIdentical(to other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}
