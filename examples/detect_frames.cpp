// Finds targets in frames of 16 bits that arrive on standard input, with two detectors on two threads, and prints how
// many there are in each frame. usage: detect_frames CHECKPOINT.h5|METHOD WIDTH HEIGHT [key=value ...] < frames.raw
#include <irst.h>

#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct closer {
    void operator()(irst_detector *d) const {
        irst_close(d);
    }
};

// One per thread that detects.
class detector {
  public:
    detector(const std::string &name, const std::vector<const char *> &settings) {
        irst_options options{};
        options.threads = 1;
        options.settings = settings.data();
        options.setting_count = static_cast<int>(settings.size());
        handle_.reset(irst_open(name.c_str(), &options));
        if (!handle_)
            throw std::runtime_error(irst_error());
    }

    std::vector<irst_detection> detect(const std::vector<std::uint16_t> &pixels, int width, int height) {
        irst_frame frame{};
        irst_result found{};
        frame.pixels = pixels.data();
        frame.width = width;
        frame.height = height;
        frame.format = IRST_U16;
        if (irst_detect(handle_.get(), &frame, &found) != 0)
            throw std::runtime_error(irst_error());
        return {found.detections, found.detections + found.count}; // the result lives until the next call only
    }

  private:
    std::unique_ptr<irst_detector, closer> handle_;
};

int run(int argc, char **argv) {
    const int width = std::atoi(argv[2]), height = std::atoi(argv[3]);
    if (width < 1 || height < 1 || width > 32768 || height > 32768)
        throw std::runtime_error("WIDTH and HEIGHT are 1 to 32768");
    const std::vector<const char *> settings(argv + 4, argv + argc);
    detector detectors[2] = {{argv[1], settings}, {argv[1], settings}};
    int number = 0;
    for (bool more = true; more;) {
        std::vector<std::uint16_t> frames[2];
        std::future<std::vector<irst_detection>> found[2];
        for (int i = 0; i < 2 && more; i++) {
            frames[i].resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
            std::cin.read(reinterpret_cast<char *>(frames[i].data()),
                          static_cast<std::streamsize>(frames[i].size() * sizeof(std::uint16_t)));
            more = static_cast<bool>(std::cin);
            if (more)
                found[i] =
                    std::async(std::launch::async, [&, i] { return detectors[i].detect(frames[i], width, height); });
        }
        for (auto &f : found)
            if (f.valid())
                std::cout << "frame " << ++number << ": " << f.get().size() << "\n";
    }
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 4) {
        std::cerr << "usage: detect_frames CHECKPOINT.h5|METHOD WIDTH HEIGHT [key=value ...] < frames.raw\n";
        return 2;
    }
    try {
        return run(argc, argv);
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
