// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON

/// JSON texts: parsing, looking up values, finding their positions, and writing them again.
struct JSONTarget: FuzzTarget {
    private static let limits = JSONDocument.Limits(bytes: 64 * 1024)
    /// Finding a position reads the text from its start, so this is done only for the first values of a text.
    private static let mostPlaces = 24

    static func seeds() throws -> [[UInt8]] {
        let folders = ["issuer-captures", "issuer-claims", "provider-profiles", "rfc-examples"]
        let values = try Seeds.documents(in: folders.map { "Tests/Vectors/\($0)" } + ["policies/examples"])
        let claims = try Seeds.tokens().compactMap(Seeds.decodedParts).flatMap { $0.prefix(2) }
        let texts = [
            #"[0,-0,1e1,1.5E-3,-9223372036854775808,9223372036854775807,true,false,null,"",{}]"#,
            #"{"a/b":{"~":[[],["\u0041\ud83d\ude00\n"]]}, "" : 1 }"#, "  \"text\"\n", "[[[[[[[[[[[[[[[[[[[[[[]]]]",
            #"{"a":1,"a":2}"#, "{\"a\":true\0}", "1\0",
        ]
        return Seeds.objects(in: values).map { JSON($0).encoded() } + claims + texts.map { Array($0) }
    }

    func check(_ input: [UInt8]) {
        let document: JSONDocument
        do throws(JSONParsingError) {
            document = try JSONDocument(parsing: input, limits: Self.limits)
        } catch {
            promise(error.line >= 1 && error.column >= 1, "an error is somewhere")
            promise(!Self.isReadThrough(input), "what a document refuses, a cursor refuses")
            promise(!error.message.isEmpty && !error.message.contains(" near "), "an error quotes no text")
            return
        }
        promise(!input.contains(0), "a text has no NUL")
        promise(Self.isReadThrough(input), "what a document reads, a cursor reads")
        var places = 0
        walk(document.root, .root, document.root, input, &places)
        checkReader(input, document.root)
        let copy = JSON(document.root)
        // A value that cannot be represented is written as null, and a member with such a name is left out.
        guard !hasUnrepresentable(document.root), !document.root.isBesideUnrepresentable else { return }
        for isPretty in [false, true] {
            let text = copy.encoded(pretty: isPretty)
            guard let again = try? JSONDocument(parsing: text, limits: .file).root else {
                fatalError("broken promise: what was written can be read")
            }
            // A copy keeps only one of several canonically equivalent names, as Swift dictionaries do.
            promise(hasTwins(document.root) || isSame(again, document.root), "what was written is what was read")
            promise(JSON(again) == copy, "a copy is equal")
            promise(JSON(again).encoded(pretty: isPretty) == text, "equal values give equal bytes")
        }
    }

    /// Compares the reader of valid texts with the document, for every member and element at the top.
    private func checkReader(_ input: [UInt8], _ root: JSONView) {
        let start = input.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let text = input.span
        var whole = ValidJSON(text, from: start)
        whole.skip(text)
        promise(whole.offset == input.count, "a value ends where the text ends")
        var reader = ValidJSON(text, from: start)
        if let elements = root.array {
            var index = 0
            guard reader.enter(text) else { return promise(elements.isEmpty, "an array without elements is empty") }
            repeat {
                promise(elements.indices.contains(index), "every element is in the document")
                let read = reader.value(text, mostBytes: .max, mostElements: .max)
                if let element = root[index] { checkScalar(read, element) }
                index += 1
            } while reader.next(text)
            promise(index == elements.count, "every element is read")
        } else if let members = root.members, !root.isBesideUnrepresentable {
            let names = MemberNames(members.map(\.name))
            guard reader.enter(text) else { return promise(members.isEmpty, "an object without members is empty") }
            repeat {
                guard case .one(let index) = reader.name(text, among: names) else {
                    fatalError("broken promise: a member is found by its name")
                }
                let read = reader.value(text, mostBytes: .max, mostElements: .max)
                if let member = root[names.names[index]] { checkScalar(read, member) }
            } while reader.next(text)
        }
    }

    private func checkScalar(_ read: JSON, _ value: JSONView) {
        switch value.kind {
        case .object: promise(read == .object([:]), "an object stands for itself")
        case .array: promise(read.elements?.count == value.count, "an array has its elements")
        case .string, .boolean, .null, .number, .unrepresentable:
            promise(read == JSON(value), "a scalar is that of the document")
        }
    }

    /// Whether a cursor reads the whole text.
    private static func isReadThrough(_ input: [UInt8]) -> Bool {
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(input, limits: limits)
            try cursor.skip()
            try cursor.end()
            return true
        } catch {
            return false
        }
    }

    private func walk(
        _ value: JSONView,
        _ pointer: JSONPointer,
        _ root: JSONView,
        _ text: [UInt8],
        _ places: inout Int
    ) {
        checkKind(value)
        if places < Self.mostPlaces {
            places += 1
            checkPlace(value, pointer, root, text)
        }
        if let elements = value.array {
            promise(elements.count == value.count, "every element is there")
            promise(value[elements.count] == nil && value[-1] == nil, "there is nothing beyond")
            for (index, element) in elements.enumerated() {
                walk(element, pointer.appending(String(index)), root, text, &places)
            }
        }
        guard let members = value.members else { return }
        // A member whose name cannot be represented is left out: it cannot be looked up.
        let isWhole = members.count == value.count
        promise(isWhole || (value.isBesideUnrepresentable && members.count < value.count), "every member is there")
        for member in members {
            guard let found = value[member.name] else { fatalError("broken promise: a member is found by its name") }
            promise(found.kind == member.value.kind && found.count == member.value.count, "it is that member")
            walk(member.value, pointer.appending(member.name), root, text, &places)
        }
    }

    private func checkKind(_ value: JSONView) {
        promise((value.string != nil) == (value.kind == .string), "a string is one")
        promise((value.boolean != nil) == (value.kind == .boolean), "a boolean is one")
        promise((value.number != nil) == (value.kind == .number), "a number is one")
        promise(value.number?.isFinite ?? true, "a number is finite")
        promise(value.integer == nil || value.kind == .number, "an integer is a number")
        if let string = value.string { promise(value.isString(string), "a string is itself") }
    }

    private func checkPlace(_ value: JSONView, _ pointer: JSONPointer, _ root: JSONView, _ text: [UInt8]) {
        guard let found = root[pointer] else { fatalError("broken promise: a pointer leads to its value") }
        promise(isSame(found, value), "a pointer leads to its value")
        guard let again = JSONPointer(pointer.description) else {
            fatalError("broken promise: the text of a pointer is one")
        }
        promise(
            again.tokens.elementsEqual(pointer.tokens) { $0.isIdentical(to: $1) },
            "the text of a pointer is that pointer"
        )
        // Positions do not count a byte order mark.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let plain = text.starts(with: mark) ? Array(text.dropFirst(mark.count)) : text
        let byte = byte(at: JSONLocator.position(of: pointer, in: text), in: plain)
        promise(byte.map { Self.canBegin(value.kind, $0) } ?? false, "the place of a value is where it begins")
        guard !pointer.tokens.isEmpty else { return }
        let name = JSONLocator.position(of: pointer, part: .name, in: text)
        promise(self.byte(at: name, in: text) != nil, "the place of a name is in the text")
        for stray in ["", "0", "~", "x"] {
            _ = JSONLocator.position(of: pointer.appending(stray), in: text)
        }
    }

    private func byte(at position: JSONLocator.Position, in text: [UInt8]) -> UInt8? {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return nil }
        return lines[position.line - 1].dropFirst(position.column - 1).first
    }

    private static func canBegin(_ kind: JSONView.Kind, _ byte: UInt8) -> Bool {
        switch kind {
        case .object: byte == UInt8(ascii: "{")
        case .array: byte == UInt8(ascii: "[")
        case .string: byte == UInt8(ascii: "\"")
        case .null: byte == UInt8(ascii: "n")
        case .boolean: byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f")
        case .number: byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte)
        case .unrepresentable:
            [UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: "{")].contains(byte) || (0x30...0x39).contains(byte)
        }
    }

    private func hasUnrepresentable(_ value: JSONView) -> Bool {
        value.kind == .unrepresentable || (value.members ?? []).contains { hasUnrepresentable($0.value) }
            || (value.array ?? []).contains { hasUnrepresentable($0) }
    }

    /// Whether two names of one object differ in bytes but are equal as strings.
    private func hasTwins(_ value: JSONView) -> Bool {
        let members = value.members ?? []
        return Set(members.map(\.name)).count < members.count || members.contains { hasTwins($0.value) }
            || (value.array ?? []).contains { hasTwins($0) }
    }

    /// Compares by bytes, and numbers with their kind.
    private func isSame(_ left: JSONView, _ right: JSONView) -> Bool {
        guard left.kind == right.kind, left.count == right.count, left.boolean == right.boolean,
            left.integer == right.integer, left.number == right.number
        else { return false }
        if let string = right.string { return left.isString(string) }
        if let elements = right.array { return zip(left.array ?? [], elements).allSatisfy { isSame($0, $1) } }
        return right.members?.allSatisfy { name, value in left[name].map { isSame($0, value) } ?? false } ?? true
    }
}
