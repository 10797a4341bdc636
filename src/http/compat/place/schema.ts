import { buildSchema } from 'graphql'

/** What the event's own server answered to, as far as its clients ask for it. */
export const placeSchema = buildSchema(`
  "A name; any is taken, as a string or as a word."
  scalar TeamOwner

  enum Category {
    CONFIG
    CANVAS
  }

  input ChannelInput {
    teamOwner: TeamOwner
    category: Category!
    "Of a canvas: its index."
    tag: String
  }

  input SubscribeInput {
    channel: ChannelInput!
  }

  type Color {
    "#RRGGBB"
    hex: String!
    index: Int!
  }

  type ColorPalette {
    colors: [Color!]!
  }

  "Cell (x, y) of the canvas is cell (dx + x, dy + y) of the board."
  type CanvasConfiguration {
    index: Int!
    dx: Int!
    dy: Int!
  }

  type Coordinate {
    x: Int!
    y: Int!
  }

  "Both corners belong to it."
  type ActiveZone {
    topLeft: Coordinate!
    bottomRight: Coordinate!
  }

  type AdminConfiguration {
    maxAllowedCircles: Int!
    maxUsersPerAdminBan: Int!
  }

  type ConfigurationMessageData {
    colorPalette: ColorPalette!
    canvasConfigurations: [CanvasConfiguration!]!
    "Where players may place; null: nowhere."
    activeZone: ActiveZone
    canvasWidth: Int!
    canvasHeight: Int!
    adminConfiguration: AdminConfiguration!
  }

  "All of a canvas."
  type FullFrameMessageData {
    "Address of a PNG."
    name: String!
    "Milliseconds since 1970."
    timestamp: Float!
  }

  "What has changed in a canvas since the frame before."
  type DiffFrameMessageData {
    "Address of a PNG, transparent but where the canvas has changed."
    name: String!
    currentTimestamp: Float!
    previousTimestamp: Float!
  }

  type UserInfo {
    userID: String!
    username: String!
  }

  type GetTileHistoryResponseMessageData {
    "Milliseconds since 1970; 0 for a cell that was never touched."
    lastModifiedTimestamp: Float!
    "Null where nobody painted."
    userInfo: UserInfo
  }

  union MessageData =
      ConfigurationMessageData
    | FullFrameMessageData
    | DiffFrameMessageData
    | GetTileHistoryResponseMessageData

  interface Message {
    id: ID!
  }

  type BasicMessage implements Message {
    id: ID!
    data: MessageData!
  }

  input CoordinateInput {
    x: Int!
    y: Int!
  }

  input PixelMessageDataInput {
    canvasIndex: Int
    colorIndex: Int
    coordinate: CoordinateInput!
  }

  input ActInput {
    "r/replace:get_tile_history"
    actionName: String!
    PixelMessageData: PixelMessageDataInput
  }

  type ActResponse {
    data: [Message!]!
  }

  type Query {
    configuration: ConfigurationMessageData!
  }

  type Mutation {
    act(input: ActInput!): ActResponse
  }

  type Subscription {
    subscribe(input: SubscribeInput!): Message
  }
`)
