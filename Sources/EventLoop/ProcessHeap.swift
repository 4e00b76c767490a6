import CLibUV

/// The heap of the whole process.
package enum ProcessHeap {
    /// Has it give back pages that nothing is on, which it otherwise keeps. Looks through all of it, holding its locks.
    package static func trim() { widget_trim_heap() }
}
