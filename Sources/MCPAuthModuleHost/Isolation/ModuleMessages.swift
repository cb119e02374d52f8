// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

// What frames say, and their forms on both sides.

extension ModuleProgram {
    /// Loads the library with the bytes that were checked.
    var load: ModuleFrame {
        ModuleFrame(.load, [ModuleFrame.version], [library.utf8Bytes, digest.utf8Bytes])
    }

    /// The first mistake that `validate` reports, in a process of its own.
    func firstMistake(
        _ configuration: ModuleConfiguration,
        within seconds: Double
    ) throws(Refusal) -> ModuleConfiguration.Report.Entry? {
        let component = configuration.component
        let names = [component.kind.rawValue.utf8Bytes, component.name.utf8Bytes]
        let validate = ModuleFrame(.validate, [Int64(seconds * 1000)], names + [configuration.text])
        let most = seconds + Self.startSeconds
        let replies = try Self.replies(of: program, to: [load, validate], within: most)
        guard replies.count == 2, replies[1].kind == .validated else {
            throw Refusal(reason: "it \(ModuleFault.invalidFrame)")
        }
        guard let pointer = replies[1].boundedText(0), let message = replies[1].boundedText(1) else { return nil }
        return ModuleConfiguration.Report.Entry(pointer: pointer, message: message)
    }
}

/// What a library offers.
struct ModuleDescription {
    let name: String
    let version: String
    let abiMinor: UInt32
    let components: [ModuleComponent.Facts]

    init(_ library: ModuleLibrary) {
        (name, version, abiMinor) = (library.name, library.version, library.abiMinor)
        components = library.components.map { component in
            ModuleComponent.Facts(
                kind: component.kind,
                name: component.name,
                schemaText: component.schemaText,
                flags: component.flags,
                requestFields: component.requestFields
            )
        }
    }

    var frame: ModuleFrame {
        var frame = ModuleFrame(.loaded, [Int64(abiMinor)], [name, version].map(\.utf8Bytes))
        for component in components {
            frame.numbers += [Int64(component.flags), Int64(component.requestFields.count)]
            let texts = [component.kind.rawValue, component.name, component.schemaText] + component.requestFields
            for text in texts { frame.texts.append(text.utf8) }
        }
        return frame
    }

    init?(_ frame: ModuleFrame) {
        guard frame.kind == .loaded, frame.numbers.count % 2 == 1, let minor = frame.number(0),
            let name = frame.text(0), let version = frame.text(1)
        else { return nil }
        var components: [ModuleComponent.Facts] = []
        var place = 2
        for index in stride(from: 1, to: frame.numbers.count, by: 2) {
            let count = frame.numbers[index + 1]
            guard (0...Int64(ModuleComponent.mostFields)).contains(count),
                let kind = frame.text(place).flatMap(ModuleComponent.Kind.init), let name = frame.text(place + 1),
                let schema = frame.text(place + 2)
            else { return nil }
            let fields = (0..<Int(count)).compactMap { frame.text(place + 3 + $0) }
            guard fields.count == Int(count) else { return nil }
            components.append(
                ModuleComponent.Facts(
                    kind: kind,
                    name: name,
                    schemaText: schema,
                    flags: UInt32(truncatingIfNeeded: frame.numbers[index]),
                    requestFields: fields
                )
            )
            place += 3 + fields.count
        }
        guard place == frame.texts.count, !components.isEmpty else { return nil }
        (self.name, self.version) = (name, version)
        abiMinor = UInt32(clamping: minor)
        self.components = components
    }
}

extension ModuleConfiguration {
    /// Creates an instance with the hosts and secrets of a context.
    func createFrame(_ context: ModuleContext, _ limits: ModuleLimits) -> ModuleFrame {
        let hosts = context.fetches.hosts.sorted()
        var texts = [component.kind.rawValue.utf8Bytes, component.name.utf8Bytes, text]
        texts += hosts.map(\.utf8Bytes)
        for (name, secret) in context.secrets { texts += [name.utf8Bytes, secret] }
        return ModuleFrame(.create, [Int64(hosts.count)] + limits.numbers, texts)
    }
}

/// What `ModuleConfiguration.createFrame` says.
struct ModuleCreation {
    let kind: ModuleComponent.Kind
    let name: String
    let text: [UInt8]
    let hosts: [String]
    let secrets: [String: [UInt8]]
    let limits: ModuleLimits

    init?(_ frame: ModuleFrame) {
        guard let kind = frame.text(0).flatMap(ModuleComponent.Kind.init), let name = frame.text(1),
            let text = frame.bytes(2), let hosts = frame.number(0),
            let limits = ModuleLimits(frame.numbers.dropFirst()),
            (0...Int64(frame.texts.count - 3)).contains(hosts)
        else { return nil }
        (self.kind, self.name, self.text, self.limits) = (kind, name, text, limits)
        self.hosts = (3..<(3 + Int(hosts))).map { String(decoding: frame.texts[$0], as: UTF8.self) }
        let pairs = (3 + Int(hosts))..<frame.texts.count
        guard pairs.count % 2 == 0 else { return nil }
        var secrets: [String: [UInt8]] = [:]
        for index in stride(from: pairs.lowerBound, to: pairs.upperBound, by: 2) {
            secrets[String(decoding: frame.texts[index], as: UTF8.self)] = frame.texts[index + 1]
        }
        self.secrets = secrets
    }
}

extension ModuleLimits {
    /// Counts, then times in milliseconds.
    var numbers: [Int64] {
        [threads, waitingCalls, openCalls].map(Int64.init)
            + [callSeconds, transformSeconds, setupSeconds, hangSeconds, idleSeconds].map { Int64($0 * 1000) }
    }

    init?(_ numbers: ArraySlice<Int64>) {
        guard numbers.count == 8 else { return nil }
        let values = Array(numbers)
        (threads, waitingCalls, openCalls) = (Int(values[0]), Int(values[1]), Int(values[2]))
        (callSeconds, transformSeconds) = (Double(values[3]) / 1000, Double(values[4]) / 1000)
        (setupSeconds, hangSeconds, idleSeconds) = (
            Double(values[5]) / 1000, Double(values[6]) / 1000, Double(values[7]) / 1000
        )
    }
}

extension ModuleRequest {
    /// Begins a call at this time.
    func frame(_ number: UInt64, _ now: NumericDate) -> ModuleFrame {
        let time = Int64(bitPattern: now.secondsSinceEpoch.bitPattern)
        return ModuleFrame(.verify, [Int64(bitPattern: number), time], joined: texts)
    }
}

extension ModuleVerdict {
    func frame(_ number: UInt64) -> ModuleFrame {
        let numbers = [Int64(bitPattern: number), Int64(kind), notAfter, cacheSeconds, claims == nil ? 0 : 1]
        return ModuleFrame(.verdict, numbers, [claims ?? [], reason.utf8Bytes, detail.utf8Bytes])
    }

    init?(_ frame: ModuleFrame) {
        guard frame.numbers.count == 5, frame.texts.count == 3, let kind = Int32(exactly: frame.numbers[1]),
            let reason = frame.boundedText(1), let detail = frame.boundedText(2)
        else { return nil }
        guard frame.texts.length(0) <= ModuleHostTable.maximumClaims else { return nil }
        self.init(
            kind: kind,
            claims: frame.numbers[4] == 0 ? nil : frame.texts[0],
            notAfter: frame.numbers[2],
            cacheSeconds: frame.numbers[3],
            reason: reason,
            detail: detail
        )
    }
}

extension ModuleFetches.Request {
    func frame(_ number: Int64) -> ModuleFrame {
        var texts = [url.utf8Bytes, method.utf8Bytes, body]
        for (name, value) in fields { texts += [name.utf8Bytes, value.utf8Bytes] }
        return ModuleFrame(.fetch, [number, milliseconds, maximumBytes], texts)
    }

    /// `nil` if it is not a request, or a part is longer than allowed.
    init?(_ frame: ModuleFrame) {
        guard frame.numbers.count == 3, frame.texts.count >= 3, frame.texts.count % 2 == 1,
            frame.texts.count <= 3 + 2 * (ModuleFetches.mostFields + 2),
            frame.texts.length(0) <= ModuleFetches.mostURLBytes,
            frame.texts.length(1) <= ModuleFetches.mostMethodBytes,
            frame.texts.length(2) <= ModuleFetches.mostBodyBytes,
            stride(from: 3, to: frame.texts.count, by: 2).allSatisfy({ index in
                frame.texts.length(index) <= ModuleFetches.mostNameBytes
                    && frame.texts.length(index + 1) <= ModuleFetches.mostValueBytes
            })
        else { return nil }
        let texts = (0..<frame.texts.count).map { $0 == 2 ? "" : String(decoding: frame.texts[$0], as: UTF8.self) }
        self.init(
            url: texts[0],
            method: texts[1],
            body: frame.texts[2],
            fields: stride(from: 3, to: texts.count, by: 2).map { (name: texts[$0], value: texts[$0 + 1]) },
            milliseconds: frame.numbers[1],
            maximumBytes: frame.numbers[2]
        )
    }
}
