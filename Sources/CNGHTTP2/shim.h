#include <malloc.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

// Small blocks that libnghttp2 gives back are kept for the next stream, by size, for each thread: streams come and go
// in numbers that the heap's own short lists don't hold. glibc's usable sizes are 24, 40, 56 …, so a block's list is
// its usable size divided by 16; a block of any other size is of another heap's making and isn't kept.
enum { widget_stock_largest = 1032, widget_stock_lists = widget_stock_largest / 16 + 1, widget_stock_bytes = 1 << 20 };

struct widget_stock { size_t bytes; void *lists[widget_stock_lists]; };

static inline struct widget_stock *widget_stock(void) {
    static _Thread_local struct widget_stock stock;
    return &stock;
}

static inline void *widget_stock_take(size_t size) {
    size_t usable = size <= 24 ? 24 : ((size + 7) & ~(size_t)15) + 8;
    if (usable > widget_stock_largest) return malloc(size);
    struct widget_stock *stock = widget_stock();
    void *block = stock->lists[usable / 16];
    if (!block) return malloc(usable);
    memcpy(&stock->lists[usable / 16], block, sizeof(void *));
    stock->bytes -= usable;
    return block;
}

static inline void widget_stock_give(void *block) {
    if (!block) return;
    size_t usable = malloc_usable_size(block);
    struct widget_stock *stock = widget_stock();
    if (usable > widget_stock_largest || usable % 16 != 8 || stock->bytes + usable > widget_stock_bytes) {
        free(block);
        return;
    }
    memcpy(block, &stock->lists[usable / 16], sizeof(void *));
    stock->lists[usable / 16] = block;
    stock->bytes += usable;
}
