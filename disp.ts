import {
  Adam,
  Clock,
  compileStep,
  Context,
  digits,
  Feed,
  models,
  openDevice,
  Random,
  SGD,
  trainStep,
} from "./mod.ts";
await openDevice();
const { train, maxValue } = await digits();
for (const name of ["mlp", "cnn"] as const) {
  for (const Kind of [SGD, Adam]) {
    const clock = new Clock();
    const feed = new Feed(train, { maxValue, batchSize: 64, clock });
    const net = models[name].build(
      { height: 8, width: 8, channels: 1, classes: 10 },
      new Random(1),
    );
    const opt = new Kind(net.namedParameters(), { lr: 0.01 });
    opt.follow(clock, () => 0.01, 100);
    const step = compileStep(() => {
      const l = trainStep(net, opt, feed.batch(64), Context.training(1, clock.step));
      clock.advance();
      return l;
    });
    await step.run(3);
    console.log(name, Kind.name, step.stats);
  }
}
