/// Divides too little among many.
package enum EvenShare {
    /// The most that each may have so that all together have at most `total`; what some leave is the others'.
    package static func quota(of wants: [Int], within total: Int) -> Int {
        var left = total
        var others = wants.count
        for want in wants.sorted() {
            guard want * others > left else {
                left -= want
                others -= 1
                continue
            }
            return max(0, left) / others
        }
        return .max
    }
}
