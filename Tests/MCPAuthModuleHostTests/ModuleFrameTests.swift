// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import MCPAuthModuleHost

/// Frames between this process and that of a module.
@Suite struct ModuleFrameTests {
    private static let frames = [
        ModuleFrame(.created),
        ModuleFrame(.verify, [1, -1, .max, .min], [[], [0], Array(repeating: 255, count: 70_000)]),
        ModuleFrame(.log, [3], [Array("line".utf8)]),
    ]

    @Test(arguments: frames) func `a frame is decoded as it was encoded`(frame: ModuleFrame) {
        let bytes = frame.encoded
        #expect(bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) } == bytes.count - 4)
        #expect(ModuleFrame(decoding: bytes.dropFirst(4)) == frame)
    }

    @Test(arguments: frames) func `a part of a frame, and more than a frame, is no frame`(frame: ModuleFrame) {
        let bytes = frame.encoded.dropFirst(4)
        for count in 0..<min(bytes.count, 200) { #expect(ModuleFrame(decoding: bytes.prefix(count)) == nil) }
        #expect(ModuleFrame(decoding: bytes + [0]) == nil)
    }

    /// Frames as the process of a module sends them.
    private static let received = [
        ModuleFrame(
            .loaded,
            [0, 3, 1, 0, 0],
            ["name", "1.0", "verifier", "v", #"{"type":"object"}"#, "x-key", "transformer", "t", "{}"].map(\.utf8Bytes)
        ),
        ModuleFrame(.verdict, [1, 2, 9_999_999_999, 60, 1], [#"{"sub":"a"}"#.utf8Bytes, [], []]),
        ModuleFrame(.fault, [1, 4, 5000]), ModuleFrame(.fault, [1, 5, .max]),
        ModuleFrame(.transformed, [1], [#"{"sub":"a"}"#.utf8Bytes]),
        ModuleFrame(.log, [3], ["line".utf8Bytes]), ModuleFrame(.count, [.max], ["counter".utf8Bytes]),
        ModuleFrame(.fetch, [1, 1000, .max], ["https://a.example/", "GET", "", "accept", "*/*"].map(\.utf8Bytes)),
    ]

    @Test(arguments: received) func `no bytes that a process sends can stop this one`(frame: ModuleFrame) throws {
        let limits = ModuleLimits()
        let events = Events()
        let context = ModuleContext(
            strings: [:],
            hosts: [],
            limits: limits,
            secrets: [:],
            output: ModuleEvents(name: "test", onEvent: events.add)
        )
        let answers = IsolatedAnswers(context: context, transforms: IsolatedTransforms(), limits: limits)
        // Nobody has the other end, so nothing that is sent arrives.
        let pipe = ModulePipe(-1)
        var random = SystemRandomNumberGenerator()
        let bytes = frame.encoded.dropFirst(4)
        #expect(ModuleFrame(decoding: bytes) == frame)
        for _ in 0..<5000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: changed.indices, using: &random)
                changed[index] = Bool.random() ? .random(in: 0...255, using: &random) : 255
            }
            guard let frame = ModuleFrame(decoding: changed) else { continue }
            _ = answers.take(frame, from: pipe)
            _ = ModuleDescription(frame)
            _ = ModuleCreation(frame)
            _ = ModuleRequest(texts: frame.texts)
        }
    }

    @Test(arguments: [(0, true), (3072, true), (3073, false), (4_000_000, false)])
    func `a verdict with longer texts than a module may give is none`(length: Int, isGood: Bool) {
        let long = [UInt8](repeating: 1, count: length)
        for texts in [[[], long, []], [[], [], long]] {
            #expect((ModuleVerdict(ModuleFrame(.verdict, [1, 3, 0, 0, 0], texts)) != nil) == isGood)
        }
        let frame = ModuleFrame(.verdict, [1, 2, 0, 0, 1], [[UInt8](repeating: 1, count: 65_537), [], []])
        #expect(ModuleVerdict(frame) == nil)
    }

    @Test func `changed bytes are a frame of the same size, or none`() {
        var random = SystemRandomNumberGenerator()
        let bytes = ModuleFrame(.verify, [1, 2], [[1, 2, 3], [], [4]]).encoded.dropFirst(4)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                changed[changed.indices.randomElement(using: &random)!] = .random(in: 0...255, using: &random)
            }
            if let frame = ModuleFrame(decoding: changed) { #expect(frame.encoded.count == bytes.count + 4) }
        }
    }
}
