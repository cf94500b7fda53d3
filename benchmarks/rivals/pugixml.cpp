/* Parse and save with pugixml: no ordering, no checks, no understanding of snapshots.
 *
 * One call does the whole list of documents, so that ctypes costs it nothing. It is spared what
 * the others pay: it makes no object of its output, which goes to one buffer that is used again,
 * and it starts from one xml_document that is used again. */
#include <cstddef>
#include <cstring>
#include <memory>

#include <pugixml.hpp>

namespace {

/* The text of one document at a time. */
class Collector : public pugi::xml_writer {
public:
    void write(const void *data, std::size_t size) override
    {
        if (used + size > room)
            grow(size);
        std::memcpy(text.get() + used, data, size);
        used += size;
    }

    std::unique_ptr<char[]> text;
    std::size_t used = 0;

private:
    void grow(std::size_t size)
    {
        room = (used + size) * 2;
        std::unique_ptr<char[]> larger(new char[room]);
        if (used)
            std::memcpy(larger.get(), text.get(), used);
        text = std::move(larger);
    }

    std::size_t room = 0;
};

} // namespace

/* Rewrite each document; `last`, of `room` bytes, gets the output of the last one that fits.
 * Returns the bytes of all output, 0 if a document was refused. */
extern "C" std::size_t pugixml_rewrite(const char *const *documents, const std::size_t *sizes,
                                       std::size_t count, char *last, std::size_t room)
{
    constexpr unsigned format =
        pugi::format_indent | pugi::format_no_declaration | pugi::format_attribute_single_quote;
    pugi::xml_document document;
    Collector out;
    std::size_t total = 0;

    for (std::size_t i = 0; i < count; i++) {
        if (!document.load_buffer(documents[i], sizes[i], pugi::parse_default,
                                  pugi::encoding_utf8))
            return 0;
        out.used = 0;
        document.save(out, "  ", format, pugi::encoding_utf8);
        total += out.used;
    }
    if (out.used < room) {
        std::memcpy(last, out.text.get(), out.used);
        last[out.used] = 0;
    }
    return total;
}
