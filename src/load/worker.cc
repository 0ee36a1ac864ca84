#include "load/worker.h"

#include <sys/resource.h>

#include <algorithm>

namespace weir::load {
namespace {

/// Sends between two looks at the sockets: what is written leaves at the end of a turn.
constexpr int kSendsPerTurn = 64;
/// A closed loop against a server that refuses would otherwise only make connections.
constexpr Duration kRestAfterFailure = Duration::ms(10);

Duration thread_cpu() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  const auto of = [](const timeval& time) { return Duration::s(time.tv_sec) + Duration::us(time.tv_usec); };
  return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(const Plan& plan, const Mix& mix, const net::SocketAddress& target,
                                               Share share, Sink& sink) {
  auto loop = net::Loop::create();
  if (!loop) return fail(loop.error());
  std::unique_ptr<Worker> worker(new Worker(plan, mix, target, share, sink, std::move(*loop)));
  auto alarm = Alarm::create(*worker->loop_, [self = worker.get()] { self->pump(); });
  if (!alarm) return fail(alarm.error());
  worker->alarm_ = std::move(*alarm);
  return worker;
}

Worker::Worker(const Plan& plan, const Mix& mix, const net::SocketAddress& target, Share share, Sink& sink,
               std::unique_ptr<net::Loop> loop)
    : plan_(plan),
      mix_(mix),
      share_(share),
      sink_(sink),
      loop_(std::move(loop)),
      connections_(*loop_, target,
                   share.of(plan.arrivals == Arrivals::closed ? plan.connections : plan.connections_max)),
      schedule_(plan, share.worker, share.workers),
      offered_(plan, share.worker, share.workers),
      closed_number_(share.worker) {
  for (size_t i = 0; i < mix.routes(); ++i) {
    routes_.push_back(std::make_unique<RouteTally>());
    routes_.back()->name = mix.name_of(i);
  }
}

void Worker::run(Instant began) {
  began_ = began;
  open_interval(began);
  alarm_->set(began);
  loop_->run();
  unfinished_.store(in_flight_, std::memory_order_relaxed);
  while (oldest_ != nullptr) {
    oldest_->stream->cancel();
    unlink(*oldest_);
  }
}

void Worker::set_rate(Duration at, double rate) {
  loop_->post([this, at, rate] {
    schedule_.set_rate(at, rate);
    offered_.set_rate(at, rate);
    pump();
  });
}

void Worker::end_schedule() {
  loop_->post([this] {
    const Duration now = net::read_clock() - began_;
    schedule_.end(now);
    offered_.end(now);
    leave_when_done();
  });
}

void Worker::cut_off() { loop_->stop(); }

// ---- sending

void Worker::pump() {
  if (left_) return;
  if (plan_.arrivals == Arrivals::closed) return pump_closed();
  int sends = 0;
  waiting_ = false;
  for (const Arrival* next = schedule_.peek(); next != nullptr; next = schedule_.peek()) {
    const Instant now = net::read_clock();
    const Instant intended = began_ + next->at;
    if (intended > now) return alarm_->set(intended);
    if (++sends > kSendsPerTurn) return alarm_->set(now);
    const bool overdue = intended + plan_.timeout <= now;
    if (!overdue && !connections_.available()) {
      // Whoever frees a connection pumps again; its time may be over before that.
      waited_until_ = now;
      waiting_ = true;
      return set_deadline(intended + plan_.timeout);
    }
    const uint64_t number = next->number;
    schedule_.pop();
    if (overdue) {
      mix_.make(number, message_);
      count_failure(Failure::not_sent, message_.route, intended, now);
    } else {
      send(intended, number, now);
    }
  }
  // Past the end nothing rings any more: those in flight report themselves, and an alarm in the past would ring
  // forever.
  if (net::read_clock() < ends_at()) return alarm_->set(ends_at());
  leave_when_done();
}

void Worker::pump_closed() {
  const Instant now = net::read_clock();
  const uint32_t wanted = share_.of(plan_.connections);
  while (now < ends_at() && in_flight_ + closed_resting_ < wanted && connections_.available()) {
    send(now, closed_number_, now);
    closed_number_ += share_.workers;
  }
  if (now < ends_at()) return alarm_->set(ends_at());
  leave_when_done();
}

Exchange& Worker::take_exchange() {
  if (spare_.empty()) {
    all_.push_back(std::make_unique<Exchange>(*this));
    return *all_.back();
  }
  Exchange& exchange = *spare_.back();
  spare_.pop_back();
  return exchange;
}

void Worker::send(Instant intended, uint64_t number, Instant now) {
  mix_.make(number, message_);
  Interval* interval = interval_of(intended, now);
  if (interval != nullptr) {
    ++interval->started;
    interval->lateness.record(static_cast<uint64_t>((now - intended).ns()));
    if (intended > waited_until_) schedule_lateness_.record(static_cast<uint64_t>((now - intended).ns()));
  }
  const auto [connection, fresh] = connections_.take();
  if (fresh) ++interval_at(now).connects;
  if (connection == nullptr) {
    count_failure(Failure::connect, message_.route, intended, now);
    if (plan_.arrivals == Arrivals::closed) {
      ++closed_resting_;
      if (!rest_timer_.armed()) loop_->arm(rest_timer_, kRestAfterFailure);
    }
    return;
  }
  Exchange& exchange = take_exchange();
  exchange.intended = intended;
  exchange.sent = now;
  exchange.route = message_.route;
  exchange.status = 0;
  exchange.body_bytes = 0;
  exchange.connection = connection;
  exchange.stream = &connection->open(exchange);
  link(exchange);
  exchange.stream->send_head(message_.head, {}, message_.body.empty());
  if (!message_.body.empty()) {
    exchange.stream->send_body(message_.body);
    exchange.stream->send_end({});
  }
  set_deadline(intended + plan_.timeout);
}

void Worker::link(Exchange& exchange) {
  exchange.previous = newest_;
  exchange.next = nullptr;
  (newest_ != nullptr ? newest_->next : oldest_) = &exchange;
  newest_ = &exchange;
  ++in_flight_;
  interval_->in_flight_max = std::max(interval_->in_flight_max, in_flight_);
}

void Worker::unlink(Exchange& exchange) {
  (exchange.previous != nullptr ? exchange.previous->next : oldest_) = exchange.next;
  (exchange.next != nullptr ? exchange.next->previous : newest_) = exchange.previous;
  --in_flight_;
}

// ---- ending

void Worker::on_answered(Exchange& exchange) {
  const Instant now = net::read_clock();
  if (Interval* interval = interval_of(exchange.intended, now)) {
    const auto response = static_cast<uint64_t>((now - exchange.intended).ns());
    ++interval->completed;
    interval->bytes_read += exchange.body_bytes;
    interval->response.record(response);
    interval->service.record(static_cast<uint64_t>((now - exchange.sent).ns()));
    const bool good = exchange.status < 400;
    if (good) ++interval->good;
    if (!good)
      ++interval->failures[static_cast<size_t>(exchange.status < 500 ? Failure::status_4xx : Failure::status_5xx)];
    if (!interval->warm_up) {
      RouteTally& route = *routes_[exchange.route];
      ++route.completed;
      ++(good ? route.good : route.failed);
      route.response.record(response);
    }
  }
  finish(exchange);
}

void Worker::on_failed(Exchange& exchange, Failure failure) {
  count_failure(failure, exchange.route, exchange.intended, net::read_clock());
  if (plan_.arrivals == Arrivals::closed) {
    ++closed_resting_;
    if (!rest_timer_.armed()) loop_->arm(rest_timer_, kRestAfterFailure);
  }
  finish(exchange);
}

void Worker::finish(Exchange& exchange) {
  unlink(exchange);
  spare_.push_back(&exchange);
  if (plan_.arrivals == Arrivals::closed) return pump_closed();
  if (waiting_) return pump();
  if (in_flight_ == 0) leave_when_done();
}

void Worker::on_rested() {
  closed_resting_ = 0;
  pump();
}

void Worker::expire(Exchange& exchange) {
  const Failure failure = exchange.connection->connecting() ? Failure::connect : Failure::timeout;
  exchange.stream->cancel();
  count_failure(failure, exchange.route, exchange.intended, net::read_clock());
  finish(exchange);
}

/// One timer for all: it goes off for the oldest, and is set again for the next.
void Worker::on_deadline() {
  const Instant now = net::read_clock();
  while (oldest_ != nullptr && oldest_->intended + plan_.timeout <= now) expire(*oldest_);
  if (waiting_) pump();
  if (oldest_ != nullptr) set_deadline(oldest_->intended + plan_.timeout);
}

void Worker::set_deadline(Instant when) {
  if (!deadline_timer_.armed() || deadline_timer_.due() > when + Duration::ms(1)) {
    loop_->timers().arm(deadline_timer_, when);
  }
}

void Worker::leave_when_done() {
  const Instant now = net::read_clock();
  if (left_ || in_flight_ > 0 || now < ends_at() || schedule_.peek() != nullptr) return;
  left_ = true;
  interval_at(now);
  close_interval(now, true);
  loop_->stop();
}

// ---- counting

Interval* Worker::interval_of(Instant intended, Instant now) {
  Interval& interval = interval_at(now);
  const bool of_warm_up = intended < began_ + plan_.warm_up;
  return of_warm_up && !interval.warm_up ? nullptr : &interval;
}

void Worker::count_failure(Failure failure, uint32_t route, Instant intended, Instant now) {
  Interval* interval = interval_of(intended, now);
  if (interval == nullptr) return;
  ++interval->failures[static_cast<size_t>(failure)];
  const bool waited = failure == Failure::timeout || failure == Failure::not_sent;
  const auto response = static_cast<uint64_t>((now - intended).ns());
  if (waited) interval->response.record(response);
  if (failure == Failure::not_sent) interval->lateness.record(response);
  if (interval->warm_up) return;
  ++routes_[route]->failed;
  if (waited) routes_[route]->response.record(response);
}

Interval& Worker::interval_at(Instant now) {
  while (now >= interval_ends_) {
    const Instant end = interval_ends_;
    close_interval(end, false);
    open_interval(end);
  }
  return *interval_;
}

void Worker::open_interval(Instant at) {
  interval_ = std::make_unique<Interval>();
  interval_->at = at - began_;
  interval_->warm_up = interval_->at < plan_.warm_up;
  interval_->in_flight_max = in_flight_;
  Duration end = interval_->at + plan_.interval;
  if (interval_->warm_up) end = std::min(end, plan_.warm_up);
  // The last one is held open for those in flight, so that no sliver of an interval follows it.
  if (interval_->at < plan_.duration && end >= plan_.duration) end = plan_.duration + plan_.interval;
  interval_ends_ = began_ + end;
  loop_->timers().arm(tick_timer_, interval_ends_);
}

void Worker::close_interval(Instant end, bool last) {
  const Duration now = end - began_;
  const bool tail =
      now >= plan_.duration && now < plan_.duration + plan_.interval / 2 && interval_->at < plan_.duration;
  interval_->length = (tail ? plan_.duration : now) - interval_->at;
  interval_->offered = plan_.arrivals == Arrivals::closed ? interval_->started : offered_.count_until(now);
  cpu_ns_.store(thread_cpu().ns(), std::memory_order_relaxed);
  sink_.on_interval(share_.worker, std::move(interval_), last);
}

void Worker::on_tick() {
  interval_at(net::read_clock());
  leave_when_done();
}

}  // namespace weir::load
